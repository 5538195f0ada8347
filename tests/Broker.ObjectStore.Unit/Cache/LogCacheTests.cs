using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Wal;
using Xunit.Abstractions;

namespace Broker.ObjectStore.Unit.Cache;

public sealed class LogCacheTests(ITestOutputHelper output)
{
    private const int EntryBytes = 1000 + LogCache.EntryOverheadBytes;
    private static readonly StreamId A = new(1);
    private static readonly StreamId B = new(2);

    private readonly TestBatches _batches = new();
    private readonly ManualTime _time = new();
    private long _position;

    [Fact]
    public void Read_returns_whole_batches_from_the_one_that_contains_the_offset()
    {
        LogCache cache = Create(100);
        Fill(cache, A, 5);
        using CacheReadResult result = cache.Read(A, new Offset(25), 2500);
        Assert.Equal(CacheReadStatus.Hit, result.Status);
        Assert.Equal([20L, 30L], result.Batches.Select(batch => batch.BaseOffset.Value));
        Assert.Equal(2000, result.SizeBytes);
        Assert.True(result.Batches[0].Payload.Span.SequenceEqual(TestBatches.Payload(1, 20, 1000)));
    }

    [Fact]
    public void Read_returns_the_first_batch_whole_when_it_is_larger_than_asked_for()
    {
        LogCache cache = Create(100);
        Fill(cache, A, 2);
        using CacheReadResult result = cache.Read(A, new Offset(0), 1);
        Assert.Equal(1000, Assert.Single(result.Batches).Payload.Length);
    }

    [Fact]
    public void Read_tells_below_the_start_from_beyond_the_end()
    {
        LogCache cache = Create(100);
        Assert.Equal(CacheReadStatus.Miss, cache.Read(A, Offset.Zero, 1).Status);
        cache.Append(A, _batches.Create(1, 100, 10, 1000, ++_position));
        Assert.Equal(CacheReadStatus.Miss, cache.Read(A, new Offset(99), 1).Status);
        Assert.Equal(CacheReadStatus.AtEnd, cache.Read(A, new Offset(110), 1).Status);
        Assert.Equal(new Offset(100), cache.CachedStart(A));
        Assert.Null(cache.CachedStart(B));
    }

    [Fact]
    public void Cache_evicts_the_oldest_uploaded_batches_and_never_others()
    {
        LogCache cache = Create(3);
        Fill(cache, A, 2);
        SealedUpload upload = cache.Seal(long.MaxValue);
        Fill(cache, A, 3, from: 2);
        Assert.Equal(5 * EntryBytes, cache.TotalBytes);
        Assert.True(cache.IsFull);
        cache.MarkUploaded(upload);
        upload.Dispose();
        Assert.Equal(3 * EntryBytes, cache.TotalBytes);
        Assert.Equal(3 * EntryBytes, cache.UnuploadedBytes);
        Assert.Equal(new Offset(20), cache.CachedStart(A));
        Assert.Equal(3 * 1024, _batches.Pool.OutstandingBytes);
    }

    [Fact]
    public void Read_keeps_its_bytes_when_they_are_evicted_meanwhile()
    {
        LogCache cache = Create(1);
        Fill(cache, A, 1);
        CacheReadResult result = cache.Read(A, Offset.Zero, 1000);
        using (SealedUpload upload = cache.Seal(1))
        {
            cache.MarkUploaded(upload);
        }

        Fill(cache, A, 1, from: 1);
        Assert.Equal(new Offset(10), cache.CachedStart(A));
        Assert.True(result.Batches[0].Payload.Span.SequenceEqual(TestBatches.Payload(1, 0, 1000)));
        result.Dispose();
        Assert.Equal(1024, _batches.Pool.OutstandingBytes);
    }

    [Fact]
    public void Seals_follow_each_other_and_the_trim_position_waits_for_the_earliest()
    {
        LogCache cache = Create(100);
        cache.Append(B, _batches.Create(2, 0, 10, 1000, 1));
        cache.Append(A, _batches.Create(1, 0, 10, 1000, 2));
        cache.Append(B, _batches.Create(2, 10, 10, 1000, 3));
        cache.Append(A, _batches.Create(1, 10, 10, 1000, 4));
        using SealedUpload first = cache.Seal(3500);
        using SealedUpload second = cache.Seal(3500);
        using SealedUpload third = cache.Seal(3500);
        Assert.Equal([A, B], first.Streams.Select(stream => stream.Stream));
        Assert.Equal([0L, 10L], first.Streams[1].Batches.Select(batch => batch.BaseOffset.Value));
        Assert.Equal(new WalPosition(3), first.LastPosition);
        Assert.Equal(new WalPosition(4), second.LastPosition);
        Assert.True(third.IsEmpty);

        cache.MarkUploaded(second);
        Assert.Equal(WalPosition.None, cache.UploadedUpTo);
        Assert.Throws<InvalidOperationException>(() => cache.MarkUploaded(second));
        cache.MarkUploaded(first);
        Assert.Equal(new WalPosition(4), cache.UploadedUpTo);
        Assert.Equal(0, cache.UnuploadedBytes);
    }

    [Fact]
    public void Abandoned_seals_are_sealed_again()
    {
        LogCache cache = Create(100);
        Fill(cache, A, 3);
        using SealedUpload lost = cache.Seal(2000);
        Assert.Equal(EntryBytes, cache.UnsealedBytes);
        cache.AbandonUploads();
        Assert.Equal(3 * EntryBytes, cache.UnsealedBytes);
        using SealedUpload again = cache.Seal(long.MaxValue);
        Assert.Equal(3, again.Streams[0].Batches.Count);
        Assert.Throws<InvalidOperationException>(() => cache.MarkUploaded(lost));
    }

    [Fact]
    public void Removed_stream_gives_its_bytes_back_and_the_rest_stays_in_order()
    {
        LogCache cache = Create(100);
        Fill(cache, A, 2);
        Fill(cache, B, 2);
        SealedUpload upload = cache.Seal(1000);
        cache.Remove(A);
        Assert.Equal(2 * EntryBytes, cache.UnuploadedBytes);
        Assert.Equal(2 * EntryBytes, cache.UnsealedBytes);
        cache.MarkUploaded(upload);
        upload.Dispose();
        using (SealedUpload next = cache.Seal(long.MaxValue))
        {
            Assert.Equal(B, Assert.Single(next.Streams).Stream);
            cache.MarkUploaded(next);
        }

        cache.Append(A, _batches.Create(1, 500, 1, 10, ++_position));
        Assert.Equal(new Offset(500), cache.CachedStart(A));
        cache.Remove(A);
        cache.Remove(B);
        Assert.Equal(0, cache.TotalBytes);
        Assert.Equal(0, _batches.Pool.OutstandingBytes);
    }

    [Fact]
    public void Adopted_batches_are_uploaded_like_others_and_hold_no_position_of_the_log()
    {
        LogCache cache = Create(100);
        cache.Append(A, _batches.Create(1, 0, 10, 1000, ++_position));
        cache.Adopt(B, _batches.Create(2, 50, 10, 1000, 999));
        cache.Adopt(B, _batches.Create(2, 60, 10, 1000, 7));
        cache.Append(A, _batches.Create(1, 10, 10, 1000, ++_position));

        using SealedUpload first = cache.Seal(3000);
        using SealedUpload second = cache.Seal(3000);
        Assert.Equal((3, new WalPosition(1), 1, new WalPosition(2)), (first.Entries, first.LastPosition, second.Entries, second.LastPosition));
        cache.MarkUploaded(first);
        Assert.Equal(new WalPosition(1), cache.UploadedUpTo);
        using CacheReadResult read = cache.Read(B, new Offset(55), 5000);
        Assert.Equal([50L, 60L], read.Batches.Select(batch => batch.BaseOffset.Value));
    }

    [Fact]
    public void Adopted_batches_in_an_empty_cache_trim_nothing()
    {
        LogCache cache = Create(100);
        cache.StartAfter(new WalPosition(5));
        cache.Adopt(B, _batches.Create(2, 50, 10, 1000, 999));
        using SealedUpload upload = cache.Seal(3000);
        cache.MarkUploaded(upload);

        Assert.Equal(new WalPosition(5), cache.UploadedUpTo);
    }

    [Fact]
    public void Adopted_batches_of_a_node_whose_own_log_is_new_are_uploaded()
    {
        LogCache cache = Create(100);
        cache.Adopt(B, _batches.Create(2, 50, 10, 1000, 999));
        using SealedUpload upload = cache.Seal(3000);
        cache.MarkUploaded(upload);

        Assert.Equal((0L, 1L, WalPosition.None), (cache.UnuploadedBytes, cache.UploadedMark, cache.UploadedUpTo));
    }

    [Fact]
    public void Marks_say_how_far_seals_and_uploads_have_come()
    {
        LogCache cache = Create(100);
        Fill(cache, A, 3);
        Assert.Equal((3L, 0L, 0L), (cache.AddedMark, cache.SealedMark, cache.UploadedMark));

        using SealedUpload upload = cache.Seal(1);
        Fill(cache, A, 1, from: 3);
        Assert.Equal((4L, 1L, 0L), (cache.AddedMark, cache.SealedMark, cache.UploadedMark));

        cache.MarkUploaded(upload);
        using SealedUpload abandoned = cache.Seal(1);
        cache.AbandonUploads();
        Assert.Equal((4L, 1L, 1L), (cache.AddedMark, cache.SealedMark, cache.UploadedMark));
    }

    [Fact]
    public void Batch_that_leaves_a_gap_or_comes_out_of_order_is_refused()
    {
        LogCache cache = Create(100);
        Fill(cache, A, 1);
        Assert.Throws<InvalidOperationException>(() => cache.Append(A, _batches.Create(1, 11, 1, 10, 99)));
        Assert.Throws<InvalidOperationException>(() => cache.Append(A, _batches.Create(1, 10, 1, 10, _position)));
        Assert.Equal(EntryBytes, cache.TotalBytes);
    }

    [Fact]
    public void Ages_are_of_the_oldest_batch_not_uploaded_and_not_sealed()
    {
        LogCache cache = Create(100);
        Assert.Null(cache.OldestUnuploadedAge);
        Fill(cache, A, 1);
        _time.Elapsed += TimeSpan.FromSeconds(5);
        Fill(cache, A, 1, from: 1);
        _time.Elapsed += TimeSpan.FromSeconds(2);
        using SealedUpload upload = cache.Seal(1);
        Assert.Equal(TimeSpan.FromSeconds(7), cache.OldestUnuploadedAge);
        Assert.Equal(TimeSpan.FromSeconds(2), cache.OldestUnsealedAge);
        cache.MarkUploaded(upload);
        Assert.Equal(TimeSpan.FromSeconds(2), cache.OldestUnuploadedAge);
    }

    [Fact]
    public void Timestamp_search_finds_the_first_batch_that_reaches_it()
    {
        LogCache cache = Create(100);
        foreach ((int i, long timestamp) in new[] { 100L, 50, 300, 200 }.Index())
        {
            cache.Append(A, _batches.Create(1, i, 1, 10, ++_position, timestampMs: timestamp));
        }

        using CacheReadResult found = cache.FindByTimestamp(A, 101);
        Assert.Equal(new Offset(2), Assert.Single(found.Batches).BaseOffset);
        using CacheReadResult later = cache.FindByTimestamp(A, 101, from: new Offset(3));
        Assert.Equal(new Offset(3), Assert.Single(later.Batches).BaseOffset);
        Assert.Equal(CacheReadStatus.AtEnd, cache.FindByTimestamp(A, 301).Status);
        Assert.Equal(CacheReadStatus.Miss, cache.FindByTimestamp(B, 0).Status);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Cache_agrees_with_a_model_and_leaks_nothing_under_random_use(int seed)
    {
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        LogCache cache = Create(20);
        Dictionary<StreamId, long> ends = [];
        List<SealedUpload> inFlight = [];
        for (int step = 0; step < 5000; step++)
        {
            StreamId stream = new(random.Next(5));
            switch (random.Next(12))
            {
                case < 6:
                    long end = ends.GetValueOrDefault(stream);
                    cache.Append(stream, _batches.Create(stream.Value, end, 3, random.Next(1, 2000), ++_position));
                    ends[stream] = end + 3;
                    break;
                case < 9:
                    CheckRead(cache, stream, ends.GetValueOrDefault(stream), random);
                    break;
                case 9:
                    inFlight.Add(cache.Seal(random.Next(1, 10_000)));
                    break;
                case 10 when inFlight.Count > 0:
                    int index = random.Next(inFlight.Count);
                    cache.MarkUploaded(inFlight[index]);
                    inFlight[index].Dispose();
                    inFlight.RemoveAt(index);
                    break;
                case 11 when random.Next(20) == 0:
                    cache.Remove(stream);
                    ends.Remove(stream);
                    break;
            }

            Assert.True(cache.TotalBytes <= Math.Max(cache.CapacityBytes, cache.UnuploadedBytes));
            Assert.InRange(cache.UnsealedBytes, 0, cache.UnuploadedBytes);
        }

        inFlight.ForEach(upload => upload.Dispose());
        ends.Keys.ToList().ForEach(cache.Remove);
        Assert.Equal(0, cache.TotalBytes);
        Assert.Equal(0, cache.UnuploadedBytes);
        Assert.Equal(0, _batches.Pool.OutstandingBytes);
    }

    private static void CheckRead(LogCache cache, StreamId stream, long end, Random random)
    {
        long from = random.NextInt64(end + 2);
        using CacheReadResult result = cache.Read(stream, new Offset(from), random.Next(1, 5000));
        Offset? start = cache.CachedStart(stream);
        CacheReadStatus expected = end > 0 && from >= end ? CacheReadStatus.AtEnd
            : start is null || from < start.Value.Value ? CacheReadStatus.Miss
            : CacheReadStatus.Hit;
        Assert.Equal(expected, result.Status);
        long next = from / 3 * 3;
        foreach (CachedBatch batch in result.Batches)
        {
            Assert.Equal(next, batch.BaseOffset.Value);
            Assert.True(batch.Payload.Span.SequenceEqual(TestBatches.Payload(stream.Value, next, batch.Payload.Length)));
            next += 3;
        }
    }

    private LogCache Create(int entries) => new(new LogCacheOptions { CapacityBytes = entries * EntryBytes }, _time);

    private void Fill(LogCache cache, StreamId stream, int count, int from = 0)
    {
        for (int i = from; i < from + count; i++)
        {
            cache.Append(stream, _batches.Create(stream.Value, i * 10, 10, 1000, ++_position));
        }
    }
}
