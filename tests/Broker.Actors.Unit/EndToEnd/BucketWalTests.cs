using System.Buffers;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.TestSupport.Storage;
using Broker.Wire;
using Broker.Wire.Messages;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>A node with its WAL in the bucket, as its clients see it when the bucket refuses.</summary>
public sealed class BucketWalTests : IAsyncLifetime
{
    private const string Topic = "t";
    private const short ProduceVersion = 9;
    private const short FetchVersion = 12;

    private readonly InMemoryObjectStore _store = new();
    private TestNode _node = null!;
    private TestClient _client = null!;
    private int _walPuts;
    private int _refusedPut = -1;

    public async Task InitializeAsync()
    {
        // Slots of the WAL from the fences on; what else is asked of the store is let be.
        FaultyObjectStore store = new(_store, (request, key, _) =>
            request == StoreRequest.Put && key.Value.StartsWith("wal/", StringComparison.Ordinal) && Interlocked.Increment(ref _walPuts) == _refusedPut
                ? Fault.Refuse
                : Fault.None);
        _node = await TestNode.StartAsync(store, ("wal.kind", "bucket"), ("wal.bucket.max.puts.per.second", "0"));
        _client = _node.Connect();
        await _client.CallAsync<CreateTopicsResponse>(new CreateTopicsRequest { Topics = [new() { Name = Topic, NumPartitions = 1, ReplicationFactor = 1 }] }, 7);
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Records_are_there_after_a_restart()
    {
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal((ErrorCode.None, i), await ProduceAsync());
        }

        await _client.DisposeAsync();
        _node = await _node.RestartAsync();
        _client = _node.Connect();

        Assert.Equal([0, 1, 2, 3, 4], await FetchAsync());
        Assert.Equal((ErrorCode.None, 5), await ProduceAsync());
    }

    [Fact]
    public async Task Refused_put_is_a_retriable_error_and_the_node_goes_on_by_itself()
    {
        Assert.Equal((ErrorCode.None, 0), await ProduceAsync());
        _refusedPut = Volatile.Read(ref _walPuts) + 1;

        Assert.Equal((ErrorCode.KafkaStorageError, -1), await ProduceAsync());

        Assert.Equal((ErrorCode.None, 1), await ProduceAsync());
        Assert.Equal([0, 1], await FetchAsync());
    }

    [Fact]
    public async Task Requests_in_flight_behind_a_refused_put_fail_and_none_that_was_acknowledged_is_lost_or_moved_W3()
    {
        // Of 5 KB each: more PUTs of 64 KiB than pass before the refused one.
        const int Requests = 60;
        _refusedPut = Volatile.Read(ref _walPuts) + 3;
        for (int i = 0; i < Requests; i++)
        {
            await _client.SendAsync(Produce(), ProduceVersion);
        }

        List<long> acknowledged = [];
        int refused = 0;
        for (int i = 0; i < Requests; i++)
        {
            (ErrorCode error, long offset) = Answer((ProduceResponse)TestClient.Decode(ApiKey.Produce, ProduceVersion, Assert.NotNull(await _client.ReceiveAsync()).Frame));
            Assert.Contains(error, new[] { ErrorCode.None, ErrorCode.KafkaStorageError });
            refused += error == ErrorCode.None ? 0 : 1;
            acknowledged.AddRange(error == ErrorCode.None ? [offset] : []);
        }

        Assert.InRange(refused, 1, Requests - 1);
        Assert.Equal(Enumerable.Range(0, acknowledged.Count).Select(i => (long)i), acknowledged);
        Assert.Equal((ErrorCode.None, acknowledged.Count), await ProduceAsync());
        await _client.DisposeAsync();
        _node = await _node.RestartAsync();
        _client = _node.Connect();
        Assert.Equal(acknowledged.Count + 1, (await FetchAsync()).Count);
    }

    [Fact]
    public async Task Log_that_is_gone_from_the_bucket_is_refused_as_lost_and_serves_when_its_objects_are_restored_B9()
    {
        Assert.Equal((ErrorCode.None, 0), await ProduceAsync());
        Assert.Equal((ErrorCode.None, 1), await ProduceAsync());
        Dictionary<string, byte[]> backup = WalKeys().ToDictionary(key => key, _store.Read);
        foreach (string key in backup.Keys)
        {
            await _store.DeleteAsync(new ObjectKey(key), CancellationToken.None);
        }

        // The PUT that finds the bucket gone; then one that finds another, or the same with nothing in it.
        _refusedPut = Volatile.Read(ref _walPuts) + 1;
        Assert.Equal(ErrorCode.KafkaStorageError, (await ProduceAsync()).Error);
        Assert.Equal(ErrorCode.KafkaStorageError, (await ProduceAsync()).Error);
        Assert.Equal(StorageErrorKind.Corrupt, _node.Storage.Loss!.Kind);
        Assert.Contains("boundary", _node.Storage.Loss.Message, StringComparison.Ordinal);
        Assert.Empty(WalKeys());

        foreach ((string key, byte[] bytes) in backup)
        {
            await _store.PutAsync(new ObjectKey(key), new ReadOnlySequence<byte>(bytes), PutCondition.IfAbsent, CancellationToken.None);
        }

        (ErrorCode Error, long Offset) answer = default;
        await Eventually.HoldsAsync(async () => (answer = await ProduceAsync()).Error == ErrorCode.None, "the log is back, and is not used");
        Assert.Equal(2, answer.Offset);
        Assert.Null(_node.Storage.Loss);
        Assert.Equal([0, 1, 2], await FetchAsync());
    }

    private string[] WalKeys() => [.. _store.Keys.Where(key => key.StartsWith("wal/", StringComparison.Ordinal))];

    private async Task<(ErrorCode Error, long Offset)> ProduceAsync() => Answer(await _client.CallAsync<ProduceResponse>(Produce(), ProduceVersion));

    private static (ErrorCode Error, long Offset) Answer(ProduceResponse response)
    {
        ProduceResponse.PartitionProduceResponse answer = response.Responses.Single().PartitionResponses.Single();
        return ((ErrorCode)answer.ErrorCode, answer.BaseOffset);
    }

    private static ProduceRequest Produce() => new()
    {
        Acks = -1,
        TimeoutMs = 20_000,
        TopicData = [new() { Name = Topic, PartitionData = [new() { Index = 0, Records = new ReadOnlySequence<byte>(TestBatches.Of(valueBytes: 5000)) }] }],
    };

    private async Task<List<long>> FetchAsync()
    {
        FetchRequest request = new()
        {
            ReplicaId = -1,
            MaxWaitMs = 20_000,
            MinBytes = 1,
            MaxBytes = 1 << 20,
            SessionEpoch = -1,
            Topics = [new() { Topic = Topic, Partitions = [new() { Partition = 0, CurrentLeaderEpoch = -1, FetchOffset = 0, LastFetchedEpoch = -1, PartitionMaxBytes = 1 << 20 }] }],
        };
        FetchResponse response = await _client.CallAsync<FetchResponse>(request, FetchVersion);
        List<long> offsets = [];
        foreach (RecordBatchView batch in new RecordBatchEnumerator(response.Responses.Single().Partitions.Single().Records!.Value.ToArray()))
        {
            offsets.Add(batch.BaseOffset);
        }

        return offsets;
    }
}
