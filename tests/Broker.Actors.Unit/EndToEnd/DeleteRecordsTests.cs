using System.Buffers;
using Broker.Actors.Unit.Fakes;
using Broker.TestSupport.Storage;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>DeleteRecords; what is asserted of errors, Apache Kafka 4.2 answers.</summary>
public sealed class DeleteRecordsTests : IAsyncLifetime
{
    private const int Records = 10;
    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.StartAsync(
            new InMemoryObjectStore(),
            ("object.store.upload.interval.ms", "100"),
            ("log.retention.ms", "-1"),
            ("log.segment.delete.delay.ms", "0"),
            ("log.retention.check.interval.ms", "100"));
        _client = _node.Connect();
        CreateTopicsRequest create = new()
        {
            Topics =
            [
                new() { Name = "t", NumPartitions = 2, ReplicationFactor = 1 },
                new() { Name = "compacted", NumPartitions = 1, ReplicationFactor = 1, Configs = [new() { Name = "cleanup.policy", Value = "compact" }] },
                new() { Name = "both", NumPartitions = 1, ReplicationFactor = 1, Configs = [new() { Name = "cleanup.policy", Value = "compact,delete" }] },
            ],
        };
        await _client.CallAsync<CreateTopicsResponse>(create, 7);
        await _client.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = ["g"] }, 4);
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Records_below_the_offset_are_gone_whether_uploaded_or_not_also_after_a_restart(bool isUploaded)
    {
        await ProduceAsync();
        if (isUploaded)
        {
            await Eventually.HoldsAsync(() => _node.Storage.Cache.UnuploadedBytes == 0, "nothing was uploaded");
        }

        Assert.Equal([(0, 4L, ErrorCode.None)], await DeleteAsync("t", (0, 4)));

        Assert.Equal((ErrorCode.OffsetOutOfRange, 0), await FetchAsync(3));
        Assert.Equal((ErrorCode.None, Records - 4), await FetchAsync(4));
        Assert.Equal([(0, 4L, ErrorCode.None)], await DeleteAsync("t", (0, 2)));

        await _client.DisposeAsync();
        _node = await _node.RestartAsync();
        _client = _node.Connect();
        Assert.Equal((ErrorCode.OffsetOutOfRange, 0), await FetchAsync(3));
        Assert.Equal((ErrorCode.None, Records - 4), await FetchAsync(4));
    }

    [Fact]
    public async Task Everything_may_go_and_its_object_with_it_and_offsets_go_on()
    {
        await ProduceAsync();
        await Eventually.HoldsAsync(() => _node.Storage.Cache.UnuploadedBytes == 0, "nothing was uploaded");

        Assert.Equal([(0, (long)Records, ErrorCode.None)], await DeleteAsync("t", (0, -1)));

        await Eventually.HoldsAsync(() => _node.Storage.Metadata.Image is { Objects.IsEmpty: true, DeletableObjects.IsEmpty: true }, "the object is still there");
        await ProduceAsync();
        Assert.Equal((ErrorCode.None, Records), await FetchAsync(Records));
    }

    // As with Apache Kafka, which keeps snapshots of what it knows of producers.
    [Fact]
    public async Task Batch_that_is_sent_again_after_its_deletion_and_a_restart_is_known()
    {
        byte[] batch = TestBatches.Of(producerId: 5, producerEpoch: 0, baseSequence: 0);
        await ProduceAsync(batch);
        await Eventually.HoldsAsync(() => _node.Storage.Cache.UnuploadedBytes == 0, "nothing was uploaded");
        Assert.Equal([(0, 1L, ErrorCode.None)], await DeleteAsync("t", (0, -1)));
        await _client.DisposeAsync();
        _node = await _node.RestartAsync();
        _client = _node.Connect();

        await ProduceAsync(batch);

        Assert.Equal((ErrorCode.None, 0), await FetchAsync(1));
        await ProduceAsync(TestBatches.Of(producerId: 5, producerEpoch: 0, baseSequence: 1));
        Assert.Equal((ErrorCode.None, 1), await FetchAsync(1));
    }

    [Fact]
    public async Task What_cannot_be_deleted_is_refused_partition_by_partition()
    {
        await ProduceAsync();

        Assert.Equal(
            [(0, -1L, ErrorCode.OffsetOutOfRange), (1, 0L, ErrorCode.None), (2, -1L, ErrorCode.UnknownTopicOrPartition), (-1, -1L, ErrorCode.UnknownTopicOrPartition)],
            await DeleteAsync("t", (0, Records + 1), (1, 0), (2, 0), (-1, 0)));
        Assert.Equal([(0, -1L, ErrorCode.OffsetOutOfRange)], await DeleteAsync("t", (0, -2)));
        Assert.Equal([(0, 3L, ErrorCode.None)], await DeleteAsync("t", (0, 9), (0, 3)));
        Assert.Equal([(0, -1L, ErrorCode.UnknownTopicOrPartition)], await DeleteAsync("nope", (0, 0)));
        Assert.Equal([(0, -1L, ErrorCode.PolicyViolation)], await DeleteAsync("compacted", (0, 0)));
        Assert.Equal([(0, 0L, ErrorCode.None)], await DeleteAsync("both", (0, 0)));
        Assert.Equal([(0, -1L, ErrorCode.InvalidTopicException)], await DeleteAsync("__consumer_offsets", (0, 0)));
        Assert.Equal((ErrorCode.None, Records - 3), await FetchAsync(3));
    }

    private async Task ProduceAsync()
    {
        for (int i = 0; i < Records; i++)
        {
            await ProduceAsync(TestBatches.Of());
        }
    }

    private async Task ProduceAsync(byte[] batch)
    {
        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = 10_000,
            TopicData = [new() { Name = "t", PartitionData = [new() { Index = 0, Records = new ReadOnlySequence<byte>(batch) }] }],
        };
        Assert.Equal((short)ErrorCode.None, (await _client.CallAsync<ProduceResponse>(request, 9)).Responses.Single().PartitionResponses.Single().ErrorCode);
    }

    private async Task<List<(int Partition, long LowWatermark, ErrorCode Error)>> DeleteAsync(string topic, params (int Partition, long Before)[] partitions)
    {
        DeleteRecordsRequest request = new()
        {
            TimeoutMs = 10_000,
            Topics = [new() { Name = topic, Partitions = [.. partitions.Select(p => new DeleteRecordsRequest.DeleteRecordsPartition { PartitionIndex = p.Partition, Offset = p.Before })] }],
        };
        DeleteRecordsResponse.DeleteRecordsTopicResult answer = Assert.Single((await _client.CallAsync<DeleteRecordsResponse>(request, 2)).Topics);
        Assert.Equal(topic, answer.Name);
        return [.. answer.Partitions.Select(p => (p.PartitionIndex, p.LowWatermark, (ErrorCode)p.ErrorCode))];
    }

    private async Task<(ErrorCode Error, int Records)> FetchAsync(long from)
    {
        FetchRequest request = new()
        {
            ReplicaId = -1,
            MaxWaitMs = 0,
            MinBytes = 1,
            MaxBytes = int.MaxValue,
            SessionEpoch = -1,
            Topics = [new() { Topic = "t", Partitions = [new() { Partition = 0, CurrentLeaderEpoch = -1, FetchOffset = from, LastFetchedEpoch = -1, LogStartOffset = -1, PartitionMaxBytes = int.MaxValue }] }],
        };
        FetchResponse.PartitionData answer = (await _client.CallAsync<FetchResponse>(request, 12)).Responses.Single().Partitions.Single();
        int records = 0;
        foreach (Wire.Records.RecordBatchView batch in new Wire.Records.RecordBatchEnumerator(answer.Records?.ToArray() ?? []))
        {
            records += batch.RecordCount;
        }

        return ((ErrorCode)answer.ErrorCode, records);
    }
}
