using System.Collections.Immutable;
using Broker.ObjectStore.Compaction;
using Broker.ObjectStore.Metadata;
using Xunit.Abstractions;

namespace Broker.ObjectStore.Unit.Compaction;

public sealed class CompactionTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Compaction_of_random_uploads_keeps_every_batch_and_state_and_leaves_few_objects(int seed)
    {
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        using CompactedLog log = new(6);
        int uploads = 0;
        int made = 0;
        long uploadedBytes = 0;
        for (int round = 0; round < 30; round++)
        {
            for (int i = random.Next(4); i >= 0; i--)
            {
                (long Stream, int[] Sizes)[] content = Content(random);
                uploadedBytes += content.Sum(stream => stream.Sizes.Sum());
                await log.UploadAsync(content);
                uploads++;
            }

            Disturb(log, random);
            log.NowMs += random.Next(2000);
            made += await log.CompactAsync();
            await log.VerifyAsync();
            log.VerifyObjects();
        }

        int live = log.Image.Objects.Count;
        output.WriteLine($"{uploads} uploads of {uploadedBytes} bytes, {made} compacted objects, {live} objects left, {log.PacedBytes} bytes moved");
        Assert.True(live < uploads, $"{live} objects are left of {uploads} uploads");

        // Each byte is read and written once a tier; there are four between the smallest and the largest.
        Assert.InRange(log.PacedBytes, 1, 2 * 5 * uploadedBytes);
    }

    [Fact]
    public async Task Uploads_of_many_small_streams_become_one_and_a_large_stream_gets_an_object_of_its_own()
    {
        using CompactedLog log = new(3);
        for (int i = 0; i < 4; i++)
        {
            await log.UploadAsync((1, [2500, 500]), (2, [100]), (3, [200, 200]));
        }

        Assert.Empty(log.Plan());
        log.NowMs += 1000;
        Assert.Equal(
            [(ObjectKind.Stream, 1, 4), (ObjectKind.StreamSet, 2, 4)],
            log.Plan().Select(made => (made.Kind, made.Runs.Count, made.Sources.Count)));
        await log.CompactAsync();
        await log.VerifyAsync();
        Assert.Equal(2, log.Image.Objects.Count);
        Assert.Equal(4, log.Image.DeletableObjects.Count);
        Assert.All(log.Image.Streams.Values, stream => Assert.Single(stream.Ranges));
    }

    [Fact]
    public async Task Objects_that_are_mostly_garbage_are_rewritten_however_few_they_are()
    {
        using CompactedLog log = new(2);
        await log.UploadAsync((1, [30_000]), (2, [100]));
        log.NowMs += 5000;
        Assert.Empty(log.Plan());
        log.Commit(new StreamTrimmed(new StreamId(1), log.Image.FindStream(new StreamId(1))!.EndOffset));
        Assert.Equal(1, await log.CompactAsync());
        await log.VerifyAsync();
        Assert.InRange(Assert.Single(log.Image.Objects.Values).SizeBytes, 1, 1000);
    }

    [Fact]
    public async Task Of_streams_without_readable_records_the_states_are_left_in_one_small_object()
    {
        using CompactedLog log = new(3);
        for (int i = 0; i < 4; i++)
        {
            await log.UploadAsync((1, [9000]), (2, [9000]), (3, [100]));
        }

        log.NowMs += 5000;
        await log.CompactAsync();
        foreach (StreamState stream in log.Image.Streams.Values)
        {
            log.Commit(new StreamTrimmed(stream.StreamId, stream.EndOffset));
        }

        Assert.Equal(3, log.Image.Objects.Count);
        log.NowMs += 5000;
        await log.CompactAsync();

        Assert.All(log.Image.Streams.Values, stream => Assert.Equal(stream.EndOffset, stream.DeadRange?.EndOffset));
        Assert.InRange(log.Image.Objects.Values.Sum(item => item.SizeBytes), 1, 2000);
        await log.VerifyAsync();
        Assert.Empty(log.Plan());
        await log.UploadAsync((1, [100]), (2, [100]), (3, [100]));
        await log.VerifyAsync();
        Assert.All(log.Image.Streams.Values, stream => Assert.Single(stream.Ranges));
    }

    [Fact]
    public void A_large_stream_without_readable_records_waits_for_no_number_of_small_ones()
    {
        const int Small = 1500;
        using CompactedLog log = new(Small + 1);
        for (int i = 1; i <= Small + 1; i++)
        {
            ObjectId id = new(i);
            long sizeBytes = i > Small ? 30_000 : 1;
            StreamRange range = new(new StreamId(i), new LeaderEpoch(0), Offset.Zero, new Offset(1), -1, sizeBytes, sizeBytes, 20, sizeBytes + 20, 20);
            log.Commit(new ObjectCommitted(id, DataKeys.For(id), ObjectKind.Stream, sizeBytes + 60, log.NowMs, [range]), new StreamTrimmed(range.Stream, range.EndOffset));
        }

        log.NowMs += 5000;

        CompactionOutput output = Assert.Single(log.Plan());
        Assert.Contains(output.Runs, run => run.Stream == new StreamId(Small + 1));
        Assert.Equal(output.Runs.Select(run => run.Stream).Order(), output.Runs.Select(run => run.Stream));
    }

    [Fact]
    public async Task Ranges_do_not_grow_beyond_what_retention_may_let_go_at_a_time()
    {
        using CompactedLog log = new(1) { Limits = new RunLimits(10_000, TimeSpan.FromMilliseconds(3500)) };
        for (int i = 0; i < 24; i++)
        {
            await log.UploadAsync((1, [1000]));
            log.NowMs += i < 12 ? 1000 : 10;
        }

        log.NowMs += 1000;
        await log.CompactAsync();
        await log.VerifyAsync();
        ImmutableList<ObjectRange> ranges = log.Image.FindStream(new StreamId(1))!.Ranges;
        Assert.InRange(ranges.Count, 4, 8);
        Assert.All(ranges, range => Assert.InRange(range.Range.SizeBytes, 1, 10_000));
    }

    [Fact]
    public async Task A_damaged_source_is_Corrupt_and_nothing_is_replaced()
    {
        using CompactedLog log = new(1);
        for (int i = 0; i < 4; i++)
        {
            await log.UploadAsync((1, [1000]));
        }

        log.NowMs += 1000;
        log.Store.Damage(log.Image.Objects[new ObjectId(2)].Key.Value, bytes =>
        {
            bytes[500] ^= 1;
            return bytes;
        });
        DamagedSourceException error = await Assert.ThrowsAsync<DamagedSourceException>(log.CompactAsync);
        Assert.Equal(new ObjectId(2), error.SourceId);
        Assert.Equal(StorageErrorKind.Corrupt, error.Kind);
        Assert.Contains(log.Image.Objects[new ObjectId(2)].Key.Value, error.Message, StringComparison.Ordinal);
        Assert.Equal(4, log.Image.Objects.Count);
        Assert.Equal(4, log.Store.Keys.Count);
    }

    [Fact]
    public async Task A_large_object_is_written_in_parts()
    {
        using CompactedLog log = new(1)
        {
            Limits = new RunLimits(1 << 30, TimeSpan.FromDays(1)),
            Options = new CompactionOptions { FanIn = 4, MinAge = TimeSpan.Zero, StreamObjectBytes = 1, ReadBytes = 1 << 20, PartBytes = 5 << 20 },
        };
        for (int i = 0; i < 4; i++)
        {
            await log.UploadAsync((1, [1_500_000, 1_500_000]));
        }

        Assert.Equal(1, await log.CompactAsync());
        await log.VerifyAsync();
        Assert.True(Assert.Single(log.Image.Objects.Values).SizeBytes > 12_000_000);
    }

    [Fact]
    public async Task Compaction_removes_what_the_rewriter_leaves_out_and_reads_get_past_the_gaps()
    {
        using CompactedLog log = new(1);
        for (int i = 0; i < 4; i++)
        {
            await log.UploadAsync((1, [900, 900]));
        }

        log.NowMs += 1000;
        CompactionOutput planned = Assert.Single(log.Plan());
        ObjectCompacted made = await log.WriteAsync(planned, new LastBlockOnly());
        StreamRange range = Assert.Single(made.Object.Ranges);
        Assert.Equal((planned.Runs[0].BaseOffset, planned.Runs[0].EndOffset), (range.BaseOffset, range.EndOffset));
        Assert.Equal(900, range.SizeBytes);
        log.Commit(made);
        Assert.Equal(made.Object.ObjectId, log.Image.FindRange(new StreamId(1), Offset.Zero)!.Value.Object.ObjectId);
    }

    private static (long Stream, int[] Sizes)[] Content(Random random) =>
    [
        .. Enumerable.Range(1, 6).Where(_ => random.Next(3) > 0)
            .Select(stream => ((long)stream, Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(1, stream * 400)).ToArray()))
            .DefaultIfEmpty((1L, [10])),
    ];

    // What else happens to streams meanwhile.
    private static void Disturb(CompactedLog log, Random random)
    {
        StreamState stream = log.Image.Streams.Values.ElementAt(random.Next(log.Image.Streams.Count));
        if (random.Next(3) == 0 && stream.EndOffset > stream.StartOffset)
        {
            log.Commit(new StreamTrimmed(stream.StreamId, stream.StartOffset + random.NextInt64(stream.EndOffset.Value - stream.StartOffset.Value)));
        }
    }

    private sealed class LastBlockOnly : IBlockRewriter
    {
        public IEnumerable<RewrittenBatch> Rewrite(ReadOnlyMemory<byte> block, bool isLast) =>
            isLast ? [new RewrittenBatch(new Offset(7), new Offset(7), 5, block[^900..])] : [];
    }
}
