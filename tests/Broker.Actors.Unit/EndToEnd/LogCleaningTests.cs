using System.Buffers;
using System.Text;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.TestSupport.Storage;
using Broker.Wire;
using Broker.Wire.Compression;
using Broker.Wire.Messages;
using Broker.Wire.Records;
using Record = Broker.Wire.Records.Record;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>A compacted topic on a node that cleans as soon as anything is dirty.</summary>
public sealed class LogCleaningTests : IAsyncLifetime
{
    private readonly InMemoryObjectStore _store = new();
    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.StartAsync(
            _store,
            ("object.store.upload.interval.ms", "100"),
            ("compaction.interval.ms", "100"),
            ("compaction.min.age.ms", "3600000"),
            ("log.segment.delete.delay.ms", "0"),
            ("log.retention.check.interval.ms", "100"));
        _client = _node.Connect();
        CreateTopicsRequest create = new()
        {
            Topics =
            [
                new()
                {
                    Name = "t",
                    NumPartitions = 1,
                    ReplicationFactor = 1,
                    Configs = [new() { Name = "cleanup.policy", Value = "compact" }, new() { Name = "min.cleanable.dirty.ratio", Value = "0" }, new() { Name = "delete.retention.ms", Value = "0" }],
                },
            ],
        };
        await _client.CallAsync<CreateTopicsResponse>(create, 7);
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
    }

    // Without a restart, what was cleaned is in the log cache as it was.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task D6_cleaned_log_has_the_newest_record_of_each_key_at_its_offset_and_a_tombstone_goes_later_D5(bool restarts)
    {
        CompressionType[] codecs = [CompressionType.None, CompressionType.Gzip, CompressionType.Snappy];
        for (int round = 0; round < 6; round++)
        {
            await ProduceAsync(codecs[round % 3], ("a", $"{round}"), ("b", $"{round}"), ($"once-{round}", "x"));
        }

        await ProduceAsync(CompressionType.None, ("b", null));
        await CleanedAsync(19);
        await RestartIfAsync(restarts);

        // Offsets 0 to 17 were rounds of a, b and a key of its own; 18 deletes b.
        Assert.Equal([(2, "once-0"), (5, "once-1"), (8, "once-2"), (11, "once-3"), (14, "once-4"), (15, "a"), (17, "once-5"), (18, "b")], await ReadAsync());

        await ProduceAsync(CompressionType.None, ("a", "last"));
        await CleanedAsync(20);
        await RestartIfAsync(restarts);

        Assert.Equal([(2, "once-0"), (5, "once-1"), (8, "once-2"), (11, "once-3"), (14, "once-4"), (17, "once-5"), (19, "a")], await ReadAsync());
        await Eventually.HoldsAsync(
            () => _node.Storage.Metadata.Image.Objects.Values.Select(item => item.Key.Value).Order(StringComparer.Ordinal)
                .SequenceEqual(_store.Keys.Where(key => key.StartsWith(DataKeys.Prefix, StringComparison.Ordinal))),
            "the objects before the cleaning are still there");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Log_that_ends_with_nothing_but_gaps_is_read_to_its_end(bool restarts)
    {
        await ProduceAsync(CompressionType.None, ("a", "0"));
        await ProduceAsync(CompressionType.None, ("b", "0"));
        await ProduceAsync(CompressionType.None, ("b", null));
        await CleanedAsync(3);

        // The tombstone's time is over; what follows has its cleaning done, and is deleted as well.
        await ProduceAsync(CompressionType.None, ("c", null));
        await CleanedAsync(4);
        await ProduceAsync(CompressionType.None, ("d", null));
        await CleanedAsync(5);
        await RestartIfAsync(restarts);

        List<(long Offset, string Key)> found = await ReadAsync();
        Assert.Equal((0L, "a"), found[0]);
        Assert.DoesNotContain(found, record => record.Key is "b" or "c");
    }

    private static RecordBatchOptions Options(CompressionType codec) => new() { Compression = codec };

    // A consumer that has seen a key's old value must meet its tombstone: it would never hear of the deletion, had it the one from the cache and what follows from the store.
    [Fact]
    public async Task D7_whoever_reads_after_a_cleaning_sees_no_value_whose_tombstone_it_might_miss()
    {
        await ProduceAsync(CompressionType.None, ("a", "0"));
        await ProduceAsync(CompressionType.None, ("a", null));
        await CleanedAsync(2);
        await ProduceAsync(CompressionType.None, ("b", "0"));
        await CleanedAsync(3);

        List<(long Offset, string Key)> found = await ReadAsync();

        Assert.Equal([(2, "b")], found);
        Assert.Equal(2, await EarliestAtAsync(TestBatches.TimestampMs));
    }

    private async Task<long> EarliestAtAsync(long timestampMs)
    {
        ListOffsetsRequest request = new()
        {
            ReplicaId = -1,
            Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, CurrentLeaderEpoch = -1, Timestamp = timestampMs }] }],
        };
        return (await _client.CallAsync<ListOffsetsResponse>(request, 7)).Topics.Single().Partitions.Single().Offset;
    }

    private async Task RestartIfAsync(bool restarts)
    {
        if (!restarts)
        {
            return;
        }

        await _client.DisposeAsync();
        _node = await _node.RestartAsync();
        _client = _node.Connect();
    }

    // As the node shows it, which is what it reads by; its coordinator knows it a moment before.
    private Task CleanedAsync(long end) => Eventually.HoldsAsync(
        () => _node.System.Metadata.Current.FindStream(new TopicPartition("t", 0))!.CleanedEnd == new Offset(end),
        $"the log is clean up to {_node.System.Metadata.Current.FindStream(new TopicPartition("t", 0))!.CleanedEnd} only");

    private async Task ProduceAsync(CompressionType codec, params (string Key, string? Value)[] records)
    {
        using RecordBatchBuilder builder = new(Options(codec));
        foreach ((string key, string? value) in records)
        {
            builder.Append(TestBatches.TimestampMs, Encoding.UTF8.GetBytes(key), value is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(value));
        }

        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = 10_000,
            TopicData = [new() { Name = "t", PartitionData = [new() { Index = 0, Records = new ReadOnlySequence<byte>(builder.ToArray()) }] }],
        };
        Assert.Equal((short)ErrorCode.None, (await _client.CallAsync<ProduceResponse>(request, 9)).Responses.Single().PartitionResponses.Single().ErrorCode);
    }

    /// <summary>Reads from the start to the high watermark as a consumer does: each fetch goes on behind the last batch of the one before.</summary>
    private async Task<List<(long Offset, string Key)>> ReadAsync()
    {
        List<(long, string)> found = [];
        for (long next = 0; ;)
        {
            FetchRequest request = new()
            {
                ReplicaId = -1,
                MaxWaitMs = 5000,
                MinBytes = 1,
                MaxBytes = 200,
                SessionEpoch = -1,
                Topics = [new() { Topic = "t", Partitions = [new() { Partition = 0, CurrentLeaderEpoch = -1, FetchOffset = next, LastFetchedEpoch = -1, LogStartOffset = -1, PartitionMaxBytes = 200 }] }],
            };
            FetchResponse.PartitionData answer = (await _client.CallAsync<FetchResponse>(request, 12)).Responses.Single().Partitions.Single();
            Assert.Equal((short)ErrorCode.None, answer.ErrorCode);
            foreach (RecordBatchView batch in new RecordBatchEnumerator(answer.Records!.Value.ToArray()))
            {
                next = batch.NextOffset;
                using RecordReader reader = RecordReader.Open(batch.WholeBatch.ToArray(), 1 << 20);
                while (reader.TryRead(out Record record))
                {
                    found.Add((record.Offset, Encoding.UTF8.GetString(record.Key!.Value.Span)));
                }
            }

            if (next == answer.HighWatermark)
            {
                return found;
            }

            Assert.NotEqual(0, answer.Records!.Value.Length);
        }
    }
}
