using System.Buffers;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.TestSupport.Storage;
using Broker.Wire;
using Broker.Wire.Messages;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>A node that looks after its objects: few are left of many, unknown ones go, and clients see nothing of it.</summary>
public sealed class ObjectCareTests : IAsyncLifetime
{
    private const int Batches = 20;
    private const long ProducerId = 5;
    private readonly InMemoryObjectStore _store = new();
    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.StartAsync(
            _store,
            ("object.store.upload.interval.ms", "100"),
            ("compaction.interval.ms", "100"),
            ("compaction.min.age.ms", "0"),
            ("object.store.orphan.check.interval.ms", "1000"),
            ("log.segment.delete.delay.ms", "0"),
            ("log.retention.ms", "-1"),
            ("log.retention.check.interval.ms", "100"));
        _client = _node.Connect();
        await _client.CallAsync<CreateTopicsResponse>(new CreateTopicsRequest { Topics = [new() { Name = "t", NumPartitions = 1, ReplicationFactor = 1 }] }, 7);
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task K1_many_uploads_become_few_objects_and_everything_is_read_from_them()
    {
        for (int i = 0; i < Batches; i++)
        {
            Assert.Equal((ErrorCode.None, i), await ProduceAsync(i));
            await Eventually.HoldsAsync(() => _node.Storage.Cache.UnuploadedBytes == 0, "nothing was uploaded");
        }

        await Eventually.HoldsAsync(() => DataKeysInStore().Count < 8 && _node.Storage.Metadata.Image.DeletableObjects.IsEmpty, $"there are {DataKeysInStore().Count} objects left of {Batches} uploads");
        Assert.Equal(_node.Storage.Metadata.Image.Objects.Values.Select(item => item.Key.Value).Order(StringComparer.Ordinal), DataKeysInStore());

        // Without what it had in memory.
        await _client.DisposeAsync();
        _node = await _node.RestartAsync();
        _client = _node.Connect();
        Assert.Equal(Enumerable.Range(0, Batches).Select(i => (long)i), await FetchOffsetsAsync());

        // The producers' state came through compaction too: the last batch is known, and the next in order.
        Assert.Equal((ErrorCode.None, Batches - 1), await ProduceAsync(Batches - 1));
        Assert.Equal((ErrorCode.None, Batches), await ProduceAsync(Batches));
        Assert.Equal((ErrorCode.OutOfOrderSequenceNumber, -1), await ProduceAsync(Batches + 5));
    }

    [Fact]
    public async Task O1_unknown_objects_go_once_their_ids_are_closed_and_no_others()
    {
        await ProduceAsync(0);
        await Eventually.HoldsAsync(() => DataKeysInStore().Count == 1, "nothing was uploaded");
        string known = DataKeysInStore()[0];
        ObjectKey orphan = DataKeys.For(new ObjectId(NextObjectId - 1));
        ObjectKey future = DataKeys.For(new ObjectId(NextObjectId + 100_000));
        foreach (ObjectKey key in (ObjectKey[])[orphan, future, new ObjectKey("data/readme")])
        {
            await _store.PutAsync(key, new ReadOnlySequence<byte>([1]), PutCondition.IfAbsent, CancellationToken.None);
        }

        await Eventually.HoldsAsync(() => !_store.Keys.Contains(orphan.Value), "the orphan is still there");

        Assert.Contains(future.Value, _store.Keys);
        Assert.Contains("data/readme", _store.Keys);
        Assert.True(_store.Keys.Contains(known) || !_node.Storage.Metadata.Image.Objects.Values.Any(item => item.Key.Value == known));

        // Ids given out of what was reserved before are closed too: uploads go on under new ones.
        Assert.Equal((ErrorCode.None, 1), await ProduceAsync(1));
        await Eventually.HoldsAsync(() => _node.Storage.Cache.UnuploadedBytes == 0, "the upload after the closing did not come to its end");
    }

    [Fact]
    public async Task O3_uploads_in_parts_are_aborted_once_the_ids_of_their_objects_are_closed_and_no_others()
    {
        await ProduceAsync(0);
        await Eventually.HoldsAsync(() => DataKeysInStore().Count == 1, "nothing was uploaded");
        ObjectKey abandoned = DataKeys.For(new ObjectId(NextObjectId - 1));
        ObjectKey future = DataKeys.For(new ObjectId(NextObjectId + 100_000));
        foreach (ObjectKey key in (ObjectKey[])[abandoned, future])
        {
            IMultipartUpload upload = await _store.StartMultipartAsync(key, Guid.Empty, CancellationToken.None);
            await upload.UploadPartAsync(1, new ReadOnlySequence<byte>([1]), CancellationToken.None);
        }

        await Eventually.HoldsAsync(() => !_store.UnfinishedUploads.Contains(abandoned.Value), "the abandoned upload is still there");

        Assert.Equal([future.Value], _store.UnfinishedUploads);
    }

    private long NextObjectId => _node.Storage.Metadata.Image.NextObjectId.Value;

    private List<string> DataKeysInStore() => [.. _store.Keys.Where(key => key.StartsWith(DataKeys.Prefix, StringComparison.Ordinal))];

    private async Task<(ErrorCode Error, long Offset)> ProduceAsync(int sequence)
    {
        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = 10_000,
            TopicData =
            [
                new() { Name = "t", PartitionData = [new() { Index = 0, Records = new ReadOnlySequence<byte>(TestBatches.Of(producerId: ProducerId, producerEpoch: 0, baseSequence: sequence)) }] },
            ],
        };
        ProduceResponse.PartitionProduceResponse answer = (await _client.CallAsync<ProduceResponse>(request, 9)).Responses.Single().PartitionResponses.Single();
        return ((ErrorCode)answer.ErrorCode, answer.BaseOffset);
    }

    private async Task<List<long>> FetchOffsetsAsync()
    {
        FetchRequest request = new()
        {
            ReplicaId = -1,
            MaxWaitMs = 5000,
            MinBytes = 1,
            MaxBytes = int.MaxValue,
            SessionEpoch = -1,
            Topics = [new() { Topic = "t", Partitions = [new() { Partition = 0, CurrentLeaderEpoch = -1, FetchOffset = 0, LastFetchedEpoch = -1, LogStartOffset = -1, PartitionMaxBytes = int.MaxValue }] }],
        };
        FetchResponse.PartitionData answer = (await _client.CallAsync<FetchResponse>(request, 12)).Responses.Single().Partitions.Single();
        List<long> offsets = [];
        foreach (RecordBatchView batch in new RecordBatchEnumerator(answer.Records!.Value.ToArray()))
        {
            offsets.Add(batch.BaseOffset);
        }

        return offsets;
    }
}
