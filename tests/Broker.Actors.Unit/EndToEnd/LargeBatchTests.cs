using System.Buffers;
using Broker.Actors.Unit.Fakes;
using Broker.Wire;
using Broker.Wire.Messages;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>A record batch that its topic takes and the write-ahead log cannot.</summary>
public sealed class LargeBatchTests : IAsyncLifetime
{
    private const int LogBytes = 16 << 20;
    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.StartAsync(
            ("wal.kind", "bucket"), ("wal.bucket.capacity.bytes", $"{LogBytes}"), ("message.max.bytes", $"{4 * LogBytes}"), ("object.store.upload.interval.ms", "100"));
        _client = _node.Connect();
        CreateTopicsRequest create = new() { Topics = [new() { Name = "a", NumPartitions = 1, ReplicationFactor = 1 }, new() { Name = "b", NumPartitions = 1, ReplicationFactor = 1 }] };
        await _client.CallAsync<CreateTopicsResponse>(create, 7);
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Batch_that_is_larger_than_the_log_is_refused_as_too_large_and_its_partition_and_others_go_on()
    {
        ProduceResponse.PartitionProduceResponse refused = await ProduceAsync("a", Batch(LogBytes));

        Assert.Equal(ErrorCode.MessageTooLarge, (ErrorCode)refused.ErrorCode);
        Assert.Contains("wal.bucket.capacity.bytes", refused.ErrorMessage, StringComparison.Ordinal);
        foreach (string topic in new[] { "a", "b", "a" })
        {
            Assert.Equal(ErrorCode.None, (ErrorCode)(await ProduceAsync(topic, TestBatches.Of())).ErrorCode);
        }
    }

    [Fact]
    public async Task Largest_batch_that_the_log_takes_is_taken_and_there_after_a_restart()
    {
        int overhead = Batch(1 << 20).Length - (1 << 20);
        byte[] largest = Batch((int)_node.Options.Storage.WalAppendBound.BatchBytes - overhead);
        Assert.InRange(largest.Length, LogBytes - 64, LogBytes);
        Assert.Equal(ErrorCode.None, (ErrorCode)(await ProduceAsync("a", largest)).ErrorCode);

        await _client.DisposeAsync();
        _node = await _node.RestartAsync();
        _client = _node.Connect();

        FetchRequest fetch = new()
        {
            ReplicaId = -1,
            MaxWaitMs = 500,
            MinBytes = 1,
            MaxBytes = int.MaxValue,
            SessionEpoch = -1,
            Topics = [new() { Topic = "a", Partitions = [new() { Partition = 0, CurrentLeaderEpoch = -1, LastFetchedEpoch = -1, LogStartOffset = -1, PartitionMaxBytes = int.MaxValue }] }],
        };
        FetchResponse.PartitionData found = (await _client.CallAsync<FetchResponse>(fetch, 12)).Responses.Single().Partitions.Single();
        Assert.Equal(largest.Length, found.Records!.Value.Length);
    }

    private static byte[] Batch(int valueBytes)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions());
        builder.Append(TestBatches.TimestampMs, default(ReadOnlyMemory<byte>?), new byte[valueBytes]);
        return builder.ToArray();
    }

    private async Task<ProduceResponse.PartitionProduceResponse> ProduceAsync(string topic, byte[] batch)
    {
        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = 10_000,
            TopicData = [new() { Name = topic, PartitionData = [new() { Index = 0, Records = new ReadOnlySequence<byte>(batch) }] }],
        };
        return (await _client.CallAsync<ProduceResponse>(request, 9)).Responses.Single().PartitionResponses.Single();
    }
}
