using System.Buffers;
using System.Buffers.Binary;
using Broker.Actors.Unit.Fakes;
using Broker.TestSupport.Storage;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>What clients can make the node hold, and that one who misbehaves costs the others nothing.</summary>
public sealed class MemoryTests
{
    private const string Topic = "t";
    private const short ProduceVersion = 9;
    private const short FetchVersion = 12;
    private const int ResponseBytes = 1 << 20;
    private const int BlockBytes = 512 << 10;
    private const int ValueBytes = 100_000;

    [Fact]
    public async Task F1_F2_clients_that_do_not_read_hold_no_more_than_the_response_memory_and_a_block_each()
    {
        const int Batches = 250;
        const int Hoarders = 12;
        await using TestNode node = await TestNode.StartAsync(
            ("connection.response.memory.bytes", $"{ResponseBytes}"), ("object.store.upload.bytes", "1048576"), ("object.store.upload.interval.ms", "100"), ("cache.log.bytes", "16777216"));
        await using TestClient client = node.Connect();
        await CreateTopicAsync(client);
        for (int i = 0; i < Batches; i++)
        {
            await client.CallAsync<ProduceResponse>(Produce(), ProduceVersion);
        }

        List<TestClient> hoarders = [.. Enumerable.Range(0, Hoarders).Select(_ => node.Connect())];
        foreach (TestClient hoarder in hoarders)
        {
            for (int i = 0; i < 20; i++)
            {
                await hoarder.SendAsync(Fetch(i * 4), FetchVersion);
            }
        }

        long bound = ResponseBytes + ((Hoarders + 1) * (BlockBytes + (2L * ValueBytes)));
        await Eventually.HoldsAsync(() => node.System.Responses.HeldBytes >= ResponseBytes, "the memory for responses does not fill");
        for (int offset = 0; offset < 100; offset++)
        {
            FetchResponse.PartitionData got = (await client.CallAsync<FetchResponse>(Fetch(offset), FetchVersion)).Responses[0].Partitions[0];
            Assert.False(got.Records!.Value.IsEmpty, $"a client that reads gets nothing at offset {offset}");
            Assert.InRange(node.System.Responses.HeldBytes, 0, bound);
        }

        foreach (TestClient hoarder in hoarders)
        {
            await hoarder.DisposeAsync();
        }

        await Eventually.HoldsAsync(() => node.System.Responses.HeldBytes == 0, $"{node.System.Responses.HeldBytes} bytes are still held");
    }

    [Fact]
    public async Task Pipelined_fetches_of_a_client_that_reads_late_are_all_answered()
    {
        await using TestNode node = await TestNode.StartAsync();
        await using TestClient client = node.Connect();
        await CreateTopicAsync(client);
        await client.CallAsync<ProduceResponse>(Produce(), ProduceVersion);
        int[] sent = new int[30];
        for (int i = 0; i < sent.Length; i++)
        {
            sent[i] = await client.SendAsync(Fetch(0), FetchVersion);
        }

        foreach (int id in sent)
        {
            Assert.Equal(id, Assert.NotNull(await client.ReceiveAsync()).CorrelationId);
        }
    }

    [Fact]
    public async Task Requests_that_are_only_announced_stop_nobody()
    {
        await using TestNode node = await TestNode.StartAsync(("queued.max.request.bytes", "2097152"));
        List<TestClient> slow = [.. Enumerable.Range(0, 10).Select(_ => node.Connect())];
        byte[] head = new byte[14];
        BinaryPrimitives.WriteInt32BigEndian(head, 90_000_000);
        foreach (TestClient client in slow)
        {
            await client.SendBytesAsync(head);
        }

        await Eventually.HoldsAsync(() => node.System.Connections.Memory.HasWaiters, "the budget is not full");
        await using TestClient other = node.Connect();
        await CreateTopicAsync(other);
        await other.CallAsync<MetadataResponse>(new MetadataRequest { Topics = [] }, 12);
        await Task.WhenAll(slow.Select(client => client.DisposeAsync().AsTask()));

        await Eventually.HoldsAsync(() => node.System.Connections.Memory.ReservedBytes == 0, "bytes of the budget are still held");
    }

    [Fact]
    public async Task Produce_that_cannot_become_durable_is_answered_when_its_time_is_over()
    {
        FaultyObjectStore store = new(new InMemoryObjectStore(), (request, key, _) =>
            request == StoreRequest.Put && key.Value.StartsWith("data/", StringComparison.Ordinal) ? Fault.Refuse : Fault.None);
        TestNode node = await TestNode.StartAsync(store, ("cache.log.bytes", "16777216"));
        await using TestClient client = node.Connect();
        await CreateTopicAsync(client);
        const int Requests = 200;
        for (int i = 0; i < Requests; i++)
        {
            await client.SendAsync(Produce(timeoutMs: 2000), ProduceVersion);
        }

        List<ErrorCode> answers = [];
        for (int i = 0; i < Requests; i++)
        {
            byte[] frame = Assert.NotNull(await client.ReceiveAsync()).Frame;
            ProduceResponse response = (ProduceResponse)TestClient.Decode(ApiKey.Produce, ProduceVersion, frame);
            answers.Add((ErrorCode)response.Responses[0].PartitionResponses[0].ErrorCode);
        }

        Assert.Equal(ErrorCode.None, answers[0]);
        Assert.Contains(answers[^1], new[] { ErrorCode.RequestTimedOut, ErrorCode.KafkaStorageError });
    }

    private static Task<CreateTopicsResponse> CreateTopicAsync(TestClient client) => client.CallAsync<CreateTopicsResponse>(
        new CreateTopicsRequest { Topics = [new() { Name = Topic, NumPartitions = 1, ReplicationFactor = 1 }] }, 7);

    private static FetchRequest Fetch(long offset) => new()
    {
        MaxWaitMs = 1000,
        MinBytes = 1,
        MaxBytes = 50 << 20,
        Topics = [new() { Topic = Topic, Partitions = [new() { Partition = 0, FetchOffset = offset, PartitionMaxBytes = 10 << 20 }] }],
    };

    private static ProduceRequest Produce(int timeoutMs = 30_000) => new()
    {
        Acks = -1,
        TimeoutMs = timeoutMs,
        TopicData = [new() { Name = Topic, PartitionData = [new() { Index = 0, Records = new ReadOnlySequence<byte>(TestBatches.Of(valueBytes: ValueBytes)) }] }],
    };
}
