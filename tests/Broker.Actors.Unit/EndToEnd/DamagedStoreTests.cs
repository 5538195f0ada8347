using System.Buffers;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.TestSupport.Storage;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>Objects that are lost, and bytes that are damaged on their way: what they hit fails, and nothing else does.</summary>
public sealed class DamagedStoreTests : IAsyncLifetime
{
    private const long ProducerId = 5;
    private readonly InMemoryObjectStore _bucket = new();
    private readonly DamagingStore _store;
    private TestNode? _node;
    private TestClient? _client;

    public DamagedStoreTests() => _store = new DamagingStore(_bucket);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await (_client?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_node?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    [Fact]
    public async Task Lost_object_is_a_storage_error_and_what_lies_around_it_is_served()
    {
        await StartAsync(("compaction.enable", "false"));
        await CreateAsync("a");
        for (int i = 0; i < 3; i++)
        {
            await ProduceUploadedAsync("a", i);
        }

        await _bucket.DeleteAsync(new ObjectKey(DataKeysInStore()[1]), CancellationToken.None);
        await RestartAsync();

        Assert.Equal([ErrorCode.None, ErrorCode.KafkaStorageError, ErrorCode.None], [await FetchAsync("a", 0), await FetchAsync("a", 1), await FetchAsync("a", 2)]);
    }

    [Fact]
    public async Task Lost_object_stops_the_merging_of_no_others()
    {
        await StartAsync(("compaction.min.age.ms", "0"));
        await CreateAsync("lost");
        await CreateAsync("b");
        _store.LosesData = true;
        await ProduceUploadedAsync("lost", 0);
        _store.LosesData = false;
        for (int i = 0; i < 20; i++)
        {
            await ProduceUploadedAsync("b", i);
        }

        await Eventually.HoldsAsync(() => _node!.Storage.Metadata.Image.Objects.Count < 10, "the uploads of the other topic are not merged");
    }

    [Fact]
    public async Task Lost_object_stops_the_cleaning_of_no_others()
    {
        await StartAsync(("compaction.min.age.ms", "3600000"));
        await CreateAsync("lost", isCompacted: true);
        await CreateAsync("b", isCompacted: true);
        _store.LosesData = true;
        await ProduceUploadedAsync("lost", 0);
        _store.LosesData = false;
        await ProduceUploadedAsync("b", 0);

        await CleanedAsync("b", 1);
    }

    [Fact]
    public async Task Read_that_is_damaged_on_its_way_stops_no_cleaning()
    {
        await StartAsync(("compaction.min.age.ms", "3600000"));
        await CreateAsync("a", isCompacted: true);
        _store.DamagesNext = 1;
        await ProduceUploadedAsync("a", 0);

        await CleanedAsync("a", 1);
        Assert.True(_store.DamagesNext < 1);
    }

    [Fact]
    public async Task Read_that_is_damaged_on_its_way_leaves_a_partition_open_for_appends()
    {
        await StartAsync(("compaction.enable", "false"));
        await CreateAsync("a");
        await ProduceUploadedAsync("a", 0);
        _store.DamagesNext = 1;
        await RestartAsync();

        // The state came through: a batch that is sent again is known.
        Assert.Equal((ErrorCode.None, 0), await ProduceAsync("a", 0));
        Assert.Equal((ErrorCode.None, 1), await ProduceAsync("a", 1));
        Assert.True(_store.DamagesNext < 1);
    }

    [Fact]
    public async Task Partition_whose_newest_object_is_lost_takes_appends_again_once_it_is_restored()
    {
        await StartAsync(("compaction.enable", "false"));
        await CreateAsync("a");
        await ProduceUploadedAsync("a", 0);
        ObjectKey lost = new(DataKeysInStore()[0]);
        byte[] body = _bucket.Read(lost.Value);
        await _bucket.DeleteAsync(lost, CancellationToken.None);
        await RestartAsync();
        Assert.Equal(ErrorCode.KafkaStorageError, (await ProduceAsync("a", 1)).Error);

        await _bucket.PutAsync(lost, new ReadOnlySequence<byte>(body), PutCondition.IfAbsent, CancellationToken.None);

        await Eventually.HoldsAsync(async () => await ProduceAsync("a", 1) == (ErrorCode.None, 1), "the partition takes no appends, though its object is back");
        Assert.Equal((ErrorCode.None, 0), await ProduceAsync("a", 0));
    }

    [Fact]
    public async Task Groups_whose_object_is_lost_load_when_it_is_back()
    {
        await StartAsync(("compaction.enable", "false"), ("offsets.topic.num.partitions", "1"));
        await CreateAsync("t");
        await _client!.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = ["g"] }, 4);
        await Eventually.HoldsAsync(async () => await CommitAsync() == ErrorCode.None, "the group's coordinator did not load");
        await UploadedAsync();
        ObjectKey lost = new(DataKeysInStore()[0]);
        byte[] body = _bucket.Read(lost.Value);
        await _bucket.DeleteAsync(lost, CancellationToken.None);
        await RestartAsync();
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, await CommitAsync());

        await _bucket.PutAsync(lost, new ReadOnlySequence<byte>(body), PutCondition.IfAbsent, CancellationToken.None);

        await Eventually.HoldsAsync(async () => await CommitAsync() == ErrorCode.None, "the group did not load after its object was restored");
    }

    private async Task StartAsync(params (string Name, string Value)[] settings)
    {
        _node = await TestNode.StartAsync(_store, [("object.store.upload.interval.ms", "100"), ("compaction.interval.ms", "100"), .. settings]);
        _client = _node.Connect();
    }

    private async Task RestartAsync()
    {
        await _client!.DisposeAsync();
        _node = await _node!.RestartAsync();
        _client = _node.Connect();
    }

    private async Task CreateAsync(string name, bool isCompacted = false) => await _client!.CallAsync<CreateTopicsResponse>(
        new CreateTopicsRequest
        {
            Topics =
            [
                new()
                {
                    Name = name,
                    NumPartitions = 1,
                    ReplicationFactor = 1,
                    Configs = isCompacted ? [new() { Name = "cleanup.policy", Value = "compact" }, new() { Name = "min.cleanable.dirty.ratio", Value = "0" }] : [],
                },
            ],
        },
        7);

    private async Task ProduceUploadedAsync(string topic, int sequence)
    {
        Assert.Equal(ErrorCode.None, (await ProduceAsync(topic, sequence)).Error);
        await UploadedAsync();
    }

    private Task UploadedAsync() => Eventually.HoldsAsync(() => _node!.Storage.Cache.UnuploadedBytes == 0, "nothing was uploaded");

    private Task CleanedAsync(string topic, long end) => Eventually.HoldsAsync(
        () => _node!.Storage.Metadata.Image.FindStream(new TopicPartition(topic, 0))!.CleanedEnd == new Offset(end), $"{topic} was not cleaned");

    private List<string> DataKeysInStore() => [.. _bucket.Keys.Where(key => key.StartsWith(DataKeys.Prefix, StringComparison.Ordinal)).OrderBy(key => long.Parse(key[(key.LastIndexOf('/') + 1)..], System.Globalization.CultureInfo.InvariantCulture))];

    private async Task<(ErrorCode Error, long Offset)> ProduceAsync(string topic, int sequence)
    {
        byte[] batch = TestBatches.Of(producerId: ProducerId, producerEpoch: 0, baseSequence: sequence);
        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = 10_000,
            TopicData = [new() { Name = topic, PartitionData = [new() { Index = 0, Records = new ReadOnlySequence<byte>(batch) }] }],
        };
        ProduceResponse.PartitionProduceResponse answer = (await _client!.CallAsync<ProduceResponse>(request, 9)).Responses.Single().PartitionResponses.Single();
        return ((ErrorCode)answer.ErrorCode, answer.BaseOffset);
    }

    private async Task<ErrorCode> FetchAsync(string topic, long offset)
    {
        FetchRequest request = new()
        {
            ReplicaId = -1,
            MaxWaitMs = 5000,
            MinBytes = 1,
            MaxBytes = int.MaxValue,
            SessionEpoch = -1,
            Topics = [new() { Topic = topic, Partitions = [new() { Partition = 0, CurrentLeaderEpoch = -1, FetchOffset = offset, LastFetchedEpoch = -1, LogStartOffset = -1, PartitionMaxBytes = 1 }] }],
        };
        return (ErrorCode)(await _client!.CallAsync<FetchResponse>(request, 12)).Responses.Single().Partitions.Single().ErrorCode;
    }

    private async Task<ErrorCode> CommitAsync()
    {
        OffsetCommitRequest request = new()
        {
            GroupId = "g",
            GenerationIdOrMemberEpoch = -1,
            MemberId = "",
            Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, CommittedOffset = 5, CommittedLeaderEpoch = -1, CommittedMetadata = "" }] }],
        };
        return (ErrorCode)(await _client!.CallAsync<OffsetCommitResponse>(request, 8)).Topics.Single().Partitions.Single().ErrorCode;
    }
}
