using System.Buffers;
using Broker.Actors.Unit.Fakes;
using Broker.Wire;
using Broker.Wire.Messages;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>Several requests of one connection at a time, and connections that end in the middle.</summary>
public sealed class PipeliningTests : IAsyncLifetime
{
    private const string Topic = "t";
    private const short FetchVersion = 12;

    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.StartAsync(("connections.max.idle.ms", "1000"));
        _client = _node.Connect();
        await _client.CallAsync<CreateTopicsResponse>(new CreateTopicsRequest { Topics = [new() { Name = Topic, NumPartitions = 1, ReplicationFactor = 1 }] }, 7);
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Answers_come_in_request_order_however_long_each_takes()
    {
        int slow = await _client.SendAsync(Fetch(0, maxWaitMs: 300), FetchVersion);
        int quick = await _client.SendAsync(new MetadataRequest { Topics = [] }, 12);
        int produce = await _client.SendAsync(Produce(TestBatches.Of()), 9);

        List<int> order = [];
        for (int i = 0; i < 3; i++)
        {
            order.Add(Assert.NotNull(await _client.ReceiveAsync()).CorrelationId);
        }

        Assert.Equal([slow, quick, produce], order);
    }

    [Fact]
    public async Task Fetch_waits_for_records_and_returns_with_the_first()
    {
        await using TestClient consumer = _node.Connect();
        await consumer.SendAsync(Fetch(0, maxWaitMs: 20_000), FetchVersion);
        await _client.CallAsync<ProduceResponse>(Produce(TestBatches.Of(2)), 9);

        FetchResponse.PartitionData partition = Partition(Assert.NotNull(await consumer.ReceiveAsync()).Frame);

        Assert.Equal((2L, 0L), (partition.HighWatermark, new RecordBatchView(partition.Records!.Value.ToArray()).BaseOffset));
    }

    [Fact]
    public async Task Fetch_returns_as_soon_as_later_records_make_up_min_bytes()
    {
        byte[] batch = TestBatches.Of(valueBytes: 100);
        await _client.CallAsync<ProduceResponse>(Produce(batch), 9);
        await using TestClient consumer = _node.Connect();
        await consumer.SendAsync(Fetch(0, maxWaitMs: 25_000, minBytes: batch.Length * 2), FetchVersion);
        System.Diagnostics.Stopwatch waited = System.Diagnostics.Stopwatch.StartNew();
        await _client.CallAsync<ProduceResponse>(Produce(TestBatches.Of(valueBytes: 100)), 9);

        FetchResponse.PartitionData partition = Partition(Assert.NotNull(await consumer.ReceiveAsync()).Frame);

        Assert.Equal(batch.Length * 2, partition.Records!.Value.Length);
        Assert.True(waited.Elapsed < TimeSpan.FromSeconds(20), $"it waited for {waited.Elapsed}");
    }

    [Fact]
    public async Task Fetch_with_nothing_to_read_returns_empty_after_max_wait()
    {
        FetchResponse response = await _client.CallAsync<FetchResponse>(Fetch(0, maxWaitMs: 50), FetchVersion);

        Assert.True(response.Responses[0].Partitions[0].Records!.Value.IsEmpty);
        Assert.Equal(0, response.Responses[0].Partitions[0].ErrorCode);
    }

    [Fact]
    public async Task Fetch_returns_a_first_batch_larger_than_what_was_asked_for()
    {
        byte[] batch = TestBatches.Of(valueBytes: 5000);
        await _client.CallAsync<ProduceResponse>(Produce(batch), 9);

        FetchResponse response = await _client.CallAsync<FetchResponse>(Fetch(0, maxWaitMs: 0, maxBytes: 10), FetchVersion);

        Assert.Equal(batch.Length, response.Responses[0].Partitions[0].Records!.Value.Length);
    }

    [Fact]
    public async Task Fetch_in_progress_is_answered_when_its_topic_is_deleted()
    {
        await using TestClient consumer = _node.Connect();
        await consumer.SendAsync(Fetch(0, maxWaitMs: 25_000), FetchVersion);
        await _client.CallAsync<MetadataResponse>(new MetadataRequest { Topics = [] }, 12);
        await _client.CallAsync<DeleteTopicsResponse>(new DeleteTopicsRequest { TopicNames = [Topic], TimeoutMs = 1000 }, 5);

        FetchResponse.PartitionData partition = Partition(Assert.NotNull(await consumer.ReceiveAsync()).Frame);

        Assert.Contains((ErrorCode)partition.ErrorCode, new[] { ErrorCode.NotLeaderOrFollower, ErrorCode.UnknownTopicOrPartition });
    }

    [Fact]
    public async Task Acks_0_has_no_answer_and_a_failure_closes_the_connection()
    {
        await using TestClient producer = _node.Connect();
        await producer.SendAsync(Produce(TestBatches.Of(), acks: 0), 9);
        await producer.CallAsync<MetadataResponse>(new MetadataRequest { Topics = [] }, 12);

        await producer.SendAsync(Produce(TestBatches.Of(), acks: 0, topic: "missing"), 9);

        Assert.Null(await producer.ReceiveAsync());
    }

    [Fact]
    public async Task Acks_0_requests_that_were_sent_before_the_client_closed_are_all_appended()
    {
        const int Requests = 300;
        TestClient producer = _node.Connect();
        for (int i = 0; i < Requests; i++)
        {
            await producer.SendAsync(Produce(TestBatches.Of(), acks: 0), 9);
        }

        await producer.DisposeAsync();

        // They become durable some time after the connection ended: waits for all of their bytes.
        FetchResponse all = await _client.CallAsync<FetchResponse>(Fetch(0, maxWaitMs: 20_000, minBytes: Requests * TestBatches.Of().Length), FetchVersion);
        Assert.Equal((ErrorCode.None, Requests), ((ErrorCode)all.Responses[0].Partitions[0].ErrorCode, (int)all.Responses[0].Partitions[0].HighWatermark));
    }

    [Fact]
    public async Task Client_that_left_with_requests_waiting_behind_a_long_fetch_is_let_go_of()
    {
        await using TestNode narrow = await TestNode.StartAsync(("connection.requests.in.flight", "1"));
        TestClient client = narrow.Connect();
        await client.CallAsync<CreateTopicsResponse>(new CreateTopicsRequest { Topics = [new() { Name = Topic, NumPartitions = 1, ReplicationFactor = 1 }] }, 7);
        await client.SendAsync(Fetch(0, maxWaitMs: 600_000), FetchVersion);
        await client.SendAsync(Fetch(0, maxWaitMs: 600_000), FetchVersion);

        // Fails when the broker is not done with it in time.
        await client.DisposeAsync();
    }

    [Fact]
    public async Task Bytes_beyond_a_connections_window_stay_at_the_client()
    {
        await using TestNode narrow = await TestNode.StartAsync(("connection.request.bytes.in.flight", "65536"));
        await using TestClient client = narrow.Connect();
        await client.CallAsync<CreateTopicsResponse>(new CreateTopicsRequest { Topics = [new() { Name = Topic, NumPartitions = 1, ReplicationFactor = 1 }] }, 7);
        await client.SendAsync(Fetch(0, maxWaitMs: 1000, minBytes: 1_000_000), FetchVersion);
        Task sending = SendTenAsync(client);

        Task<(int CorrelationId, byte[] Frame)?> fetched = client.ReceiveAsync();
        long mostBytes = 0;
        while (!fetched.IsCompleted)
        {
            mostBytes = Math.Max(mostBytes, narrow.System.Connections.Memory.ReservedBytes);
            await Task.Delay(1);
        }

        Assert.InRange(mostBytes, 40_000, 65_536);
        for (int i = 0; i < 10; i++)
        {
            Assert.NotNull(await client.ReceiveAsync());
        }

        await sending;
    }

    private static async Task SendTenAsync(TestClient client)
    {
        for (int i = 0; i < 10; i++)
        {
            await client.SendAsync(Produce(TestBatches.Of(valueBytes: 40_000)), 9);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public async Task Other_acks_are_refused(short acks)
    {
        ProduceResponse response = await _client.CallAsync<ProduceResponse>(Produce(TestBatches.Of(), acks), 9);

        Assert.Equal((short)ErrorCode.InvalidRequiredAcks, response.Responses[0].PartitionResponses[0].ErrorCode);
    }

    [Fact]
    public async Task Idle_connection_is_closed()
    {
        await using TestClient idle = _node.Connect();

        Assert.Null(await idle.ReceiveAsync());
    }

    [Fact]
    public async Task Nothing_is_held_after_connections_ended_with_requests_in_progress()
    {
        await _client.CallAsync<ProduceResponse>(Produce(TestBatches.Of(valueBytes: 50_000)), 9);
        long held = _node.Storage.Buffers.OutstandingBytes;
        for (int i = 0; i < 30; i++)
        {
            TestClient client = _node.Connect();
            await client.SendAsync(Fetch(1, maxWaitMs: 20_000), FetchVersion);
            for (int j = 0; j < 5; j++)
            {
                await client.SendAsync(Fetch(0, maxWaitMs: 20_000, minBytes: 1 << 20), FetchVersion);
            }

            await client.DisposeAsync();
        }

        await Eventually.HoldsAsync(
            () => _node.Storage.Buffers.OutstandingBytes == held && _node.System.Connections.Memory.ReservedBytes == 0,
            $"{_node.Storage.Buffers.OutstandingBytes - held} bytes of buffers and {_node.System.Connections.Memory.ReservedBytes} of the budget are still held");
    }

    private static FetchResponse.PartitionData Partition(byte[] frame) =>
        ((FetchResponse)TestClient.Decode(ApiKey.Fetch, FetchVersion, frame)).Responses[0].Partitions[0];

    private static FetchRequest Fetch(long offset, int maxWaitMs, int minBytes = 1, int maxBytes = 1 << 20) => new()
    {
        MaxWaitMs = maxWaitMs,
        MinBytes = minBytes,
        MaxBytes = 1 << 20,
        Topics = [new() { Topic = Topic, Partitions = [new() { Partition = 0, FetchOffset = offset, PartitionMaxBytes = maxBytes }] }],
    };

    private static ProduceRequest Produce(byte[] batch, short acks = -1, string topic = Topic) => new()
    {
        Acks = acks,
        TimeoutMs = 1000,
        TopicData = [new() { Name = topic, PartitionData = [new() { Index = 0, Records = new ReadOnlySequence<byte>(batch) }] }],
    };
}
