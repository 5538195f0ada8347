using System.Buffers;
using Broker.Actors.Groups;
using Broker.Actors.Unit.Fakes;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>Topics that are the broker's own by their names, whoever makes them.</summary>
public sealed class InternalTopicTests : IAsyncLifetime
{
    private static readonly string[] Groups = [.. Enumerable.Range(0, 20).Select(i => $"group-{i}")];

    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.StartAsync();
        _client = _node.Connect();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Offsets_topic_that_a_client_makes_is_internal_compacted_and_has_the_partitions_asked_for()
    {
        CreateTopicsResponse.CreatableTopicResult made = await CreateAsync(GroupDirectory.OffsetsTopic, 3);

        Assert.Equal((0, 3), (made.ErrorCode, made.NumPartitions));
        Assert.Contains(made.Configs!, config => config is { Name: "cleanup.policy", Value: "compact" });
        MetadataResponse.MetadataResponseTopic shown = await MetadataAsync(GroupDirectory.OffsetsTopic);
        Assert.Equal((0, true, 3), (shown.ErrorCode, shown.IsInternal, shown.Partitions.Count));
    }

    [Fact]
    public async Task Groups_live_in_the_partitions_that_the_client_asked_for_also_after_a_restart()
    {
        await CreateAsync(GroupDirectory.OffsetsTopic, 3);
        await CreateAsync("t", 1);
        await AssertCoordinatedAsync();
        foreach (string group in Groups)
        {
            Assert.Equal((short)ErrorCode.None, await CommitAsync(group, offset: group.Length));
        }

        await _client.DisposeAsync();
        _node = await _node.RestartAsync();
        _client = _node.Connect();

        await AssertCoordinatedAsync();
        foreach (string group in Groups)
        {
            Assert.Equal(group.Length, await CommittedAsync(group));
        }
    }

    [Fact]
    public async Task Groups_are_coordinated_anew_when_the_offsets_topic_is_made_anew_with_other_partitions()
    {
        await _client.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = ["g"] }, 4);
        await CreateAsync("t", 1);
        await _client.CallAsync<DeleteTopicsResponse>(new DeleteTopicsRequest { TopicNames = [GroupDirectory.OffsetsTopic] }, 5);
        Assert.Equal((short)ErrorCode.NotCoordinator, await CommitAsync("g", 1));

        await CreateAsync(GroupDirectory.OffsetsTopic, 7);

        await AssertCoordinatedAsync();
        Assert.Equal((short)ErrorCode.None, await CommitAsync("g", 1));
    }

    [Fact]
    public async Task Client_may_not_write_to_the_offsets_topic_that_it_made()
    {
        await CreateAsync(GroupDirectory.OffsetsTopic, 1);
        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = 1000,
            TopicData = [new() { Name = GroupDirectory.OffsetsTopic, PartitionData = [new() { Index = 0, Records = new ReadOnlySequence<byte>(TestBatches.Of()) }] }],
        };

        ProduceResponse response = await _client.CallAsync<ProduceResponse>(request, 9);

        Assert.Equal((short)ErrorCode.InvalidTopicException, response.Responses[0].PartitionResponses[0].ErrorCode);
    }

    [Theory]
    [InlineData("__transaction_state", true)]
    [InlineData("__share_group_state", true)]
    [InlineData("__cluster_metadata", false)]
    public async Task Topic_of_something_that_is_not_served_is_refused_with_the_reason(string name, bool isInternal)
    {
        CreateTopicsResponse.CreatableTopicResult refused = await CreateAsync(name, 1);
        MetadataResponse.MetadataResponseTopic shown = await MetadataAsync(name, autoCreate: true);

        Assert.Equal((short)ErrorCode.InvalidRequest, refused.ErrorCode);
        Assert.Contains(name, refused.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(((short)ErrorCode.UnknownTopicOrPartition, isInternal), (shown.ErrorCode, shown.IsInternal));
    }

    [Fact]
    public async Task Internal_topic_is_shown_in_the_oldest_version_of_metadata()
    {
        await CreateAsync(GroupDirectory.OffsetsTopic, 1);
        MetadataRequest request = new() { Topics = [new() { Name = GroupDirectory.OffsetsTopic }, new() { Name = "__transaction_state" }] };

        MetadataResponse response = await _client.CallAsync<MetadataResponse>(request, 0);

        Assert.Equal(2, response.Topics.Count);
    }

    private async Task AssertCoordinatedAsync()
    {
        FindCoordinatorResponse found = await _client.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = [.. Groups] }, 4);
        Assert.All(found.Coordinators, coordinator => Assert.Equal((short)ErrorCode.None, coordinator.ErrorCode));
        foreach (string group in Groups)
        {
            // A coordinator that is still reading its partition asks for patience; that is an answer of the right one.
            HeartbeatResponse beat = await _client.CallAsync<HeartbeatResponse>(new HeartbeatRequest { GroupId = group, MemberId = "stranger", GenerationId = 1 }, 4);
            Assert.Contains((ErrorCode)beat.ErrorCode, new[] { ErrorCode.UnknownMemberId, ErrorCode.CoordinatorLoadInProgress });
        }
    }

    private async Task<short> CommitAsync(string group, long offset)
    {
        OffsetCommitRequest request = new()
        {
            GroupId = group,
            GenerationIdOrMemberEpoch = -1,
            Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, CommittedOffset = offset }] }],
        };
        return await WhenLoadedAsync(async () =>
            (await _client.CallAsync<OffsetCommitResponse>(request, 8)).Topics[0].Partitions[0].ErrorCode, error => error);
    }

    private async Task<long> CommittedAsync(string group)
    {
        OffsetFetchRequest request = new() { GroupId = group, Topics = [new() { Name = "t", PartitionIndexes = [0] }] };
        OffsetFetchResponse response = await WhenLoadedAsync(() => _client.CallAsync<OffsetFetchResponse>(request, 7), answer => answer.ErrorCode);
        return response.Topics[0].Partitions[0].CommittedOffset;
    }

    private static async Task<T> WhenLoadedAsync<T>(Func<Task<T>> call, Func<T, short> error)
    {
        T answer = await call();
        while (error(answer) == (short)ErrorCode.CoordinatorLoadInProgress)
        {
            answer = await call();
        }

        return answer;
    }

    private async Task<CreateTopicsResponse.CreatableTopicResult> CreateAsync(string name, int partitions) =>
        (await _client.CallAsync<CreateTopicsResponse>(new CreateTopicsRequest { Topics = [new() { Name = name, NumPartitions = partitions, ReplicationFactor = 1 }] }, 7)).Topics[0];

    private async Task<MetadataResponse.MetadataResponseTopic> MetadataAsync(string name, bool autoCreate = false) =>
        (await _client.CallAsync<MetadataResponse>(new MetadataRequest { AllowAutoTopicCreation = autoCreate, Topics = [new() { Name = name }] }, 12)).Topics[0];
}
