using System.Buffers;
using Broker.Actors.Unit.Fakes;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>What stands twice in a request, names that collide, formats and keys that are served no more or not yet; what is asserted, Apache Kafka 4.2 answers unless it says so.</summary>
public sealed class RepeatedAndOldTests : IAsyncLifetime
{
    private TestNode _node = null!;
    private TestClient _client = null!;
    private Guid _id;

    public async Task InitializeAsync()
    {
        _node = await TestNode.StartAsync();
        _client = _node.Connect();
        CreateTopicsRequest create = new() { Topics = [new() { Name = "a.b", NumPartitions = 1, ReplicationFactor = 1 }] };
        _id = (await _client.CallAsync<CreateTopicsResponse>(create, 7)).Topics[0].TopicId;
        Assert.Equal(ErrorCode.None, await ProduceAsync(TestBatches.Of(), 8));
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Theory]
    [InlineData((short)4)]
    [InlineData((short)12)]
    [InlineData((short)13)]
    [InlineData((short)18)]
    public async Task Partition_that_is_fetched_twice_is_answered_once_as_it_was_asked_for_last(short version)
    {
        Assert.Equal([("a.b", 0, ErrorCode.None, false)], await FetchAsync(version, ("a.b", 0, 0), ("a.b", 0, 1)));
        Assert.Equal([("a.b", 0, ErrorCode.None, true)], await FetchAsync(version, ("a.b", 0, 1), ("a.b", 0, 0)));
        ErrorCode unknown = version >= 13 ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition;
        Assert.Equal(
            [("a.b", 0, ErrorCode.None, true), ("a.b", 77, ErrorCode.UnknownTopicOrPartition, false), ("nope", 0, unknown, false)],
            await FetchAsync(version, ("a.b", 0, 0), ("a.b", 77, 0), ("a.b", 77, 0), ("nope", 0, 0), ("nope", 0, 0)));
    }

    [Fact]
    public async Task Topic_whose_name_collides_with_anothers_is_not_made_for_who_asks_for_it_and_is_none()
    {
        MetadataRequest request = new() { AllowAutoTopicCreation = true, Topics = [new() { Name = "a_b" }, new() { Name = "a.b" }] };

        MetadataResponse response = await _client.CallAsync<MetadataResponse>(request, 8);

        Assert.Equal([("a_b", ErrorCode.UnknownTopicOrPartition), ("a.b", ErrorCode.None)], response.Topics.Select(topic => (topic.Name, (ErrorCode)topic.ErrorCode)));
    }

    [Theory]
    [InlineData(0, ErrorCode.InvalidRecord)]
    [InlineData(1, ErrorCode.InvalidRecord)]
    [InlineData(3, ErrorCode.CorruptMessage)]
    [InlineData(255, ErrorCode.CorruptMessage)]
    public async Task Batch_of_another_format_is_refused_in_every_version(byte magic, ErrorCode expected)
    {
        byte[] batch = TestBatches.Of();
        batch[16] = magic;

        foreach (short version in new short[] { 3, 7, 8, 12 })
        {
            Assert.Equal((version, expected), (version, await ProduceAsync(batch, version)));
        }
    }

    /// <remarks>Kafka has a coordinator for transactions. One that it does not have would be no reason to ask again.</remarks>
    [Theory]
    [InlineData(0, ErrorCode.None)]
    [InlineData(1, ErrorCode.TransactionalIdAuthorizationFailed)]
    [InlineData(2, ErrorCode.InvalidRequest)]
    [InlineData(9, ErrorCode.InvalidRequest)]
    public async Task Coordinator_of_what_is_not_served_is_refused_for_good(sbyte keyType, ErrorCode expected)
    {
        FindCoordinatorResponse one = await _client.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = keyType, Key = "k" }, 1);
        FindCoordinatorResponse many = await _client.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = keyType, CoordinatorKeys = ["k"] }, 4);

        Assert.Equal((expected, expected), ((ErrorCode)one.ErrorCode, (ErrorCode)many.Coordinators[0].ErrorCode));
    }

    private async Task<ErrorCode> ProduceAsync(byte[] batch, short version)
    {
        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = 10_000,
            TopicData = [new() { Name = "a.b", TopicId = _id, PartitionData = [new() { Index = 0, Records = new ReadOnlySequence<byte>(batch) }] }],
        };
        return (ErrorCode)(await _client.CallAsync<ProduceResponse>(request, version)).Responses[0].PartitionResponses[0].ErrorCode;
    }

    private async Task<(string Topic, int Partition, ErrorCode Error, bool HasRecords)[]> FetchAsync(short version, params (string Topic, int Partition, long Offset)[] asked)
    {
        FetchRequest request = new()
        {
            MaxWaitMs = 0,
            MaxBytes = 1_000_000,
            SessionEpoch = -1,
            Topics = [.. asked.Select(one => new FetchRequest.FetchTopic
            {
                Topic = one.Topic,
                TopicId = one.Topic == "a.b" ? _id : new Guid(1, 2, 3, new byte[8]),
                Partitions = [new() { Partition = one.Partition, FetchOffset = one.Offset, PartitionMaxBytes = 1_000_000, CurrentLeaderEpoch = -1 }],
            })],
        };
        FetchResponse response = await _client.CallAsync<FetchResponse>(request, version);
        return [.. response.Responses.SelectMany(topic => topic.Partitions.Select(p =>
            (version >= 13 ? topic.TopicId == _id ? "a.b" : "nope" : topic.Topic, p.PartitionIndex, (ErrorCode)p.ErrorCode, p.Records is { IsEmpty: false })))];
    }
}
