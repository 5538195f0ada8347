using System.Buffers;
using Broker.Actors.Unit.EndToEnd;
using Broker.Actors.Unit.Fakes;
using Broker.TestSupport.Storage;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.Metrics;

/// <summary>What the actors of a node count, where a store fails and where clients repeat themselves.</summary>
public sealed class BrokerMetricsTests
{
    private const string Topic = "t";
    private const short ProduceVersion = 9;

    [Fact]
    public async Task Uploads_are_failing_from_the_first_failure_to_the_next_success_and_counted_then()
    {
        int refuse = 1;
        FaultyObjectStore store = new(
            new InMemoryObjectStore(),
            (request, key, _) => request == StoreRequest.Put && Volatile.Read(ref refuse) == 1 && key.Value.StartsWith("data/", StringComparison.Ordinal) ? Fault.Refuse : Fault.None);
        await using TestNode node = await TestNode.StartAsync(store, ("object.store.upload.interval.ms", "100"));
        await using TestClient client = await ConnectAsync(node);
        Assert.False(node.Metrics.Uploads.IsFailing);

        await ProduceAsync(client, TestBatches.Of(records: 3));
        await Eventually.HoldsAsync(() => node.Metrics.Uploads.IsFailing, "the failure does not show");
        Assert.Equal(0, node.Metrics.Uploads.Objects);

        Volatile.Write(ref refuse, 0);
        await Eventually.HoldsAsync(() => !node.Metrics.Uploads.IsFailing, "the failure does not end");

        Assert.Equal(1, node.Metrics.Uploads.Objects);
        Assert.Equal(node.System.Metadata.Current.Objects.Values.Sum(one => one.SizeBytes), node.Metrics.Uploads.Bytes);
    }

    [Fact]
    public async Task A_batch_that_its_producer_repeats_counts_once()
    {
        await using TestNode node = await TestNode.StartAsync();
        await using TestClient client = await ConnectAsync(node);
        byte[] batch = TestBatches.Of(records: 4, producerId: 7, producerEpoch: 0, baseSequence: 0);

        await ProduceAsync(client, batch);
        await ProduceAsync(client, batch);

        Assert.Equal((batch.Length, 4), (node.Metrics.Traffic.ProducedBytes, node.Metrics.Traffic.ProducedRecords));
        Assert.Equal(1, node.Metrics.Wal.Appends);
    }

    // A group's commits are the broker's records, in the log as any; no client wrote them.
    [Fact]
    public async Task Committed_offsets_are_in_the_wal_and_not_in_what_clients_wrote()
    {
        await using TestNode node = await TestNode.StartAsync();
        await using TestClient client = await ConnectAsync(node);
        await client.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = ["g"] }, 4);
        OffsetCommitRequest commit = new()
        {
            GroupId = "g",
            Topics = [new OffsetCommitRequest.OffsetCommitRequestTopic { Name = Topic, Partitions = [new OffsetCommitRequest.OffsetCommitRequestPartition { CommittedOffset = 1 }] }],
        };

        short error;
        do
        {
            error = (await client.CallAsync<OffsetCommitResponse>(commit, 8)).Topics[0].Partitions[0].ErrorCode;
        }
        while (error == (short)ErrorCode.CoordinatorLoadInProgress);

        Assert.Equal((short)ErrorCode.None, error);
        Assert.True(node.Metrics.Wal.Bytes > 0);
        Assert.Equal((0, 0), (node.Metrics.Traffic.ProducedBytes, node.Metrics.Traffic.ProducedRecords));
    }

    [Fact]
    public async Task A_request_that_only_closing_the_connection_answers_is_an_error_of_its_api()
    {
        await using TestNode node = await TestNode.StartAsync();
        await using TestClient client = node.Connect();

        await client.SendAsync(Produce("missing", TestBatches.Of(), acks: 0), ProduceVersion);
        await client.Served;

        Assert.Equal(("Produce", Actors.Metrics.RequestMetrics.ConnectionClosed, 1L), Assert.Single(node.Metrics.Requests.Errors.Select(error => (error.Api, error.Error, error.Count))));
    }

    private static async Task<TestClient> ConnectAsync(TestNode node)
    {
        TestClient client = node.Connect();
        CreateTopicsRequest request = new() { Topics = [new CreateTopicsRequest.CreatableTopic { Name = Topic, NumPartitions = 1, ReplicationFactor = 1 }] };
        Assert.Equal(0, (await client.CallAsync<CreateTopicsResponse>(request, 7)).Topics[0].ErrorCode);
        return client;
    }

    private static async Task ProduceAsync(TestClient client, byte[] batch) => Assert.Equal(
        (short)ErrorCode.None, (await client.CallAsync<ProduceResponse>(Produce(Topic, batch), ProduceVersion)).Responses[0].PartitionResponses[0].ErrorCode);

    private static ProduceRequest Produce(string topic, byte[] batch, short acks = -1) => new()
    {
        Acks = acks,
        TimeoutMs = 30_000,
        TopicData =
        [
            new ProduceRequest.TopicProduceData { Name = topic, PartitionData = [new ProduceRequest.PartitionProduceData { Records = new ReadOnlySequence<byte>(batch) }] },
        ],
    };
}
