using System.Diagnostics;
using Broker.Actors.Unit.Fakes;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>What a fetch of several partitions waits for, and what it answers with; as Apache Kafka 4.2 does.</summary>
public sealed class FetchWaitTests : IAsyncLifetime
{
    private const string Topic = "t";
    private const short FetchVersion = 12;
    private static readonly byte[] Batch = TestBatches.Of(valueBytes: 100);

    private TestNode _node = null!;
    private TestClient _producer = null!;
    private TestClient _consumer = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.StartAsync();
        (_producer, _consumer) = (_node.Connect(), _node.Connect());
        await _producer.CallAsync<CreateTopicsResponse>(new CreateTopicsRequest { Topics = [new() { Name = Topic, NumPartitions = 3, ReplicationFactor = 1 }] }, 7);
    }

    public async Task DisposeAsync()
    {
        await _producer.DisposeAsync();
        await _consumer.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task F3_records_of_all_partitions_together_make_up_min_bytes()
    {
        await _consumer.SendAsync(Fetch(maxWaitMs: 25_000, minBytes: 6 * Batch.Length), FetchVersion);
        Stopwatch waited = Stopwatch.StartNew();
        // A sixth more than it waits for: within the quarter.
        for (int i = 0; i < 7; i++)
        {
            await ProduceAsync(i % 3);
        }

        Assert.InRange(BytesOf(await ReceiveAsync()).Sum(), 6 * Batch.Length, 7 * Batch.Length);
        Assert.True(waited.Elapsed < TimeSpan.FromSeconds(20), $"it waited for {waited.Elapsed}");
    }

    [Fact]
    public async Task What_came_meanwhile_is_in_the_answer_when_the_time_is_up()
    {
        await ProduceAsync(0);
        await _consumer.SendAsync(Fetch(maxWaitMs: 1500, minBytes: 1_000_000), FetchVersion);
        await ProduceAsync(0);
        await ProduceAsync(1);

        Assert.Equal([2L * Batch.Length, Batch.Length, 0], BytesOf(await ReceiveAsync()));
    }

    [Fact]
    public async Task Partition_that_does_not_exist_keeps_nobody_from_waiting_for_the_others()
    {
        Stopwatch waited = Stopwatch.StartNew();

        await _consumer.SendAsync(Fetch(maxWaitMs: 500, partitions: [0, 77]), FetchVersion);
        FetchResponse response = await ReceiveAsync();

        Assert.True(waited.Elapsed >= TimeSpan.FromMilliseconds(450), $"it waited for {waited.Elapsed} only");
        Assert.Equal([(short)0, (short)ErrorCode.UnknownTopicOrPartition], response.Responses[0].Partitions.Select(partition => partition.ErrorCode));
    }

    [Fact]
    public async Task Fetch_of_nothing_that_exists_is_answered_at_once()
    {
        Stopwatch waited = Stopwatch.StartNew();

        await _consumer.SendAsync(Fetch(maxWaitMs: 25_000, partitions: [77]), FetchVersion);
        await ReceiveAsync();

        Assert.True(waited.Elapsed < TimeSpan.FromSeconds(20), $"it waited for {waited.Elapsed}");
    }

    /// <summary>KIP-74: only the first partition with records may exceed what was asked for of it.</summary>
    [Fact]
    public async Task Batch_larger_than_its_partitions_bound_comes_of_one_partition_only()
    {
        await ProduceAsync(0);
        await ProduceAsync(1);

        await _consumer.SendAsync(Fetch(maxWaitMs: 0, partitionMaxBytes: 10), FetchVersion);

        Assert.Equal([Batch.Length, 0L, 0], BytesOf(await ReceiveAsync()));
    }

    [Fact]
    public async Task Session_that_was_never_given_is_not_found()
    {
        FetchRequest request = Fetch(maxWaitMs: 0);
        request.SessionEpoch = 5;

        FetchResponse response = await _consumer.CallAsync<FetchResponse>(request, FetchVersion);

        Assert.Equal((short)ErrorCode.FetchSessionIdNotFound, response.ErrorCode);
    }

    private static FetchRequest Fetch(int maxWaitMs, int minBytes = 1, int partitionMaxBytes = 1 << 20, int[]? partitions = null) => new()
    {
        MaxWaitMs = maxWaitMs,
        MinBytes = minBytes,
        MaxBytes = 50 << 20,
        SessionEpoch = -1,
        Topics =
        [
            new()
            {
                Topic = Topic,
                Partitions = [.. (partitions ?? [0, 1, 2]).Select(i => new FetchRequest.FetchPartition { Partition = i, PartitionMaxBytes = partitionMaxBytes, CurrentLeaderEpoch = -1 })],
            },
        ],
    };

    private static IEnumerable<long> BytesOf(FetchResponse response) => response.Responses[0].Partitions.Select(partition => partition.Records?.Length ?? 0);

    private async Task<FetchResponse> ReceiveAsync() =>
        (FetchResponse)TestClient.Decode(ApiKey.Fetch, FetchVersion, Assert.NotNull(await _consumer.ReceiveAsync()).Frame);

    private async Task ProduceAsync(int partition)
    {
        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = 10_000,
            TopicData = [new() { Name = Topic, PartitionData = [new() { Index = partition, Records = new System.Buffers.ReadOnlySequence<byte>(Batch) }] }],
        };
        ProduceResponse response = await _producer.CallAsync<ProduceResponse>(request, 9);
        Assert.Equal(0, response.Responses[0].PartitionResponses[0].ErrorCode);
    }
}
