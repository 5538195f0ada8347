using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>What Apache Kafka 4.2 answers to requests that are odd but well-formed.</summary>
public sealed class KafkaAnswerTests : IAsyncLifetime
{
    private const int NotAsked = int.MinValue;
    private const int AllOnTopics = 3576;
    private const int AllOnGroups = 3400;
    private const int AllOnTheCluster = 8096;

    private TestNode _node = null!;
    private TestClient _client = null!;
    private Guid _id;

    public async Task InitializeAsync()
    {
        _node = await TestNode.StartAsync(("auto.create.topics.enable", "false"), ("log.retention.hours", "2"), ("log.flush.interval.ms", "1000"), ("message.max.bytes", "5000"));
        _client = _node.Connect();
        CreateTopicsRequest create = new() { Topics = [new() { Name = "t", NumPartitions = 2, ReplicationFactor = 1, Configs = [new() { Name = "max.message.bytes", Value = "1000" }] }] };
        _id = (await _client.CallAsync<CreateTopicsResponse>(create, 7)).Topics[0].TopicId;
        await _client.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = ["g"] }, 4);
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Assignment_that_names_a_broker_twice_is_refused()
    {
        CreateTopicsRequest request = new() { Topics = [new() { Name = "twice", NumPartitions = -1, ReplicationFactor = -1, Assignments = [new() { PartitionIndex = 0, BrokerIds = [1, 1] }] }] };

        CreateTopicsResponse response = await _client.CallAsync<CreateTopicsResponse>(request, 7);

        Assert.Equal((short)ErrorCode.InvalidReplicaAssignment, response.Topics[0].ErrorCode);
    }

    [Theory]
    [InlineData(-3, 7)]
    [InlineData(-4, 8)]
    [InlineData(-5, 9)]
    [InlineData(-6, 11)]
    [InlineData(-7, 12)]
    public async Task Name_of_an_offset_is_unknown_to_versions_before_its_own(long timestamp, short first)
    {
        for (short version = 1; version <= ListOffsetsRequest.HighestVersion; version++)
        {
            ErrorCode expected = version < first ? ErrorCode.UnsupportedVersion : ErrorCode.None;
            Assert.Equal((version, expected), (version, Assert.Single(await ListOffsetsAsync(version, ("t", 0, timestamp))).Error));
        }

        Assert.Equal([(0, ErrorCode.UnsupportedVersion)], await ListOffsetsAsync((short)(first - 1), ("nope", 0, timestamp)));
    }

    [Fact]
    public async Task Partition_that_is_asked_for_twice_is_answered_once_with_an_error()
    {
        Assert.Equal([(0, ErrorCode.InvalidRequest), (1, ErrorCode.None)], await ListOffsetsAsync(7, ("t", 0, -1), ("t", 1, -1), ("t", 0, -2)));
        Assert.Equal([(0, ErrorCode.InvalidRequest)], await ListOffsetsAsync(7, ("nope", 0, -1), ("nope", 0, -1)));
    }

    [Theory]
    [InlineData("apache-kafka-java", "4.2.0-SNAPSHOT", ErrorCode.None)]
    [InlineData("a", "1", ErrorCode.None)]
    [InlineData("", "1", ErrorCode.InvalidRequest)]
    [InlineData("a", "", ErrorCode.InvalidRequest)]
    [InlineData("-a", "1", ErrorCode.InvalidRequest)]
    [InlineData("a-", "1", ErrorCode.InvalidRequest)]
    [InlineData("a b", "1", ErrorCode.InvalidRequest)]
    [InlineData("a_b", "1", ErrorCode.InvalidRequest)]
    [InlineData("a\n", "1", ErrorCode.InvalidRequest)]
    [InlineData("a", "1+2", ErrorCode.InvalidRequest)]
    public async Task Client_software_must_have_a_name_and_a_version(string name, string version, ErrorCode expected)
    {
        foreach (short apiVersion in new short[] { 3, 4 })
        {
            ApiVersionsResponse response = await _client.CallAsync<ApiVersionsResponse>(new ApiVersionsRequest { ClientSoftwareName = name, ClientSoftwareVersion = version }, apiVersion);

            Assert.Equal((expected, expected == ErrorCode.None), ((ErrorCode)response.ErrorCode, response.ApiKeys.Count > 0));
        }
    }

    [Fact]
    public async Task Authorized_operations_of_topics_and_cluster_are_told_when_asked_for()
    {
        MetadataRequest asked = new() { IncludeTopicAuthorizedOperations = true, IncludeClusterAuthorizedOperations = true, Topics = [new() { Name = "t" }, new() { Name = "nope" }] };
        MetadataResponse told = await _client.CallAsync<MetadataResponse>(asked, 8);
        MetadataResponse silent = await _client.CallAsync<MetadataResponse>(new MetadataRequest { Topics = [new() { Name = "t" }] }, 8);

        Assert.Equal((AllOnTheCluster, NotAsked), (told.ClusterAuthorizedOperations, silent.ClusterAuthorizedOperations));
        Assert.Equal([AllOnTopics, AllOnTopics, NotAsked], told.Topics.Concat(silent.Topics).Select(topic => topic.TopicAuthorizedOperations));
        Assert.Equal(AllOnTheCluster, (await _client.CallAsync<DescribeClusterResponse>(new DescribeClusterRequest { IncludeClusterAuthorizedOperations = true }, 1)).ClusterAuthorizedOperations);
        Assert.Equal(NotAsked, (await _client.CallAsync<DescribeClusterResponse>(new DescribeClusterRequest(), 1)).ClusterAuthorizedOperations);
    }

    [Fact]
    public async Task Authorized_operations_of_groups_are_told_when_asked_for()
    {
        Assert.Equal(AllOnGroups, (await DescribeAsync("g", 5, isAsked: true)).AuthorizedOperations);
        Assert.Equal(NotAsked, (await DescribeAsync("g", 5, isAsked: false)).AuthorizedOperations);
        Assert.Equal(NotAsked, (await DescribeAsync("g", 6, isAsked: true)).AuthorizedOperations);
    }

    [Fact]
    public async Task Topic_that_is_asked_for_twice_is_shown_once()
    {
        MetadataRequest request = new() { Topics = [new() { Name = "t" }, new() { Name = "nope" }, new() { Name = "t" }, new() { Name = null, TopicId = _id }, new() { Name = "nope" }] };

        Assert.Equal(["t", "nope"], (await _client.CallAsync<MetadataResponse>(request, 12)).Topics.Select(topic => topic.Name));
    }

    [Fact]
    public async Task Group_without_a_name_has_offsets_and_no_members()
    {
        Assert.Equal((0, "Dead"), await StateAsync(""));
        OffsetCommitRequest commit = new() { GroupId = "", GenerationIdOrMemberEpoch = -1, Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, CommittedOffset = 5 }] }] };
        Assert.Equal(0, (await _client.CallAsync<OffsetCommitResponse>(commit, 8)).Topics[0].Partitions[0].ErrorCode);
        OffsetFetchRequest fetch = new() { GroupId = "", Topics = [new() { Name = "t", PartitionIndexes = [0] }] };
        Assert.Equal(5, (await _client.CallAsync<OffsetFetchResponse>(fetch, 7)).Topics[0].Partitions[0].CommittedOffset);
        Assert.Equal((0, "Empty"), await StateAsync(""));
        Assert.Equal(0, (await _client.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { CoordinatorKeys = [""] }, 4)).Coordinators[0].ErrorCode);

        short invalid = (short)ErrorCode.InvalidGroupId;
        Assert.Equal(invalid, (await _client.CallAsync<HeartbeatResponse>(new HeartbeatRequest { GroupId = "", MemberId = "m" }, 4)).ErrorCode);
        Assert.Equal(invalid, (await _client.CallAsync<LeaveGroupResponse>(new LeaveGroupRequest { GroupId = "", Members = [new() { MemberId = "m" }] }, 4)).ErrorCode);
        Assert.Equal(invalid, (await _client.CallAsync<SyncGroupResponse>(new SyncGroupRequest { GroupId = "", MemberId = "m" }, 4)).ErrorCode);
        Assert.Equal(invalid, (await _client.CallAsync<JoinGroupResponse>(new JoinGroupRequest { GroupId = "", SessionTimeoutMs = 10_000, ProtocolType = "consumer", Protocols = [new() { Name = "p" }] }, 5)).ErrorCode);
    }

    [Theory]
    [InlineData("compression.type", 5, "compression.type=producer/5")]
    [InlineData("unclean.leader.election.enable", 5, "unclean.leader.election.enable=false/5")]
    [InlineData("max.message.bytes", 1, "max.message.bytes=1000/1 message.max.bytes=5000/4 message.max.bytes=1048588/5")]
    [InlineData("flush.ms", 4, "log.flush.interval.ms=1000/4 log.flush.scheduler.interval.ms=9223372036854775807/5")]
    [InlineData("retention.ms", 5, "")]
    [InlineData("segment.ms", 5, "")]
    [InlineData("remote.storage.enable", 5, "")]
    public async Task Synonyms_of_a_topics_setting_are_all_that_could_give_its_value(string setting, sbyte source, string synonyms)
    {
        DescribeConfigsRequest request = new() { IncludeSynonyms = true, IncludeDocumentation = true, Resources = [new() { ResourceType = 2, ResourceName = "t", ConfigurationKeys = [setting] }] };

        DescribeConfigsResponse.DescribeConfigsResourceResult shown = Assert.Single((await _client.CallAsync<DescribeConfigsResponse>(request, 4)).Results[0].Configs);

        Assert.Equal((source, synonyms, null), (shown.ConfigSource, string.Join(' ', shown.Synonyms.Select(s => $"{s.Name}={s.Value}/{s.Source}")), shown.Documentation));
    }

    private async Task<(short Error, string State)> StateAsync(string group)
    {
        DescribeGroupsResponse.DescribedGroup described = await DescribeAsync(group, 5, isAsked: false);
        return (described.ErrorCode, described.GroupState);
    }

    // Right after it was made, the coordinator may still be reading its partition.
    private async Task<DescribeGroupsResponse.DescribedGroup> DescribeAsync(string group, short version, bool isAsked)
    {
        DescribeGroupsRequest request = new() { Groups = [group], IncludeAuthorizedOperations = isAsked };
        DescribeGroupsResponse.DescribedGroup described;
        do
        {
            described = (await _client.CallAsync<DescribeGroupsResponse>(request, version)).Groups[0];
        }
        while (described.ErrorCode == (short)ErrorCode.CoordinatorLoadInProgress);
        return described;
    }

    private async Task<(int Partition, ErrorCode Error)[]> ListOffsetsAsync(short version, params (string Topic, int Partition, long Timestamp)[] asked)
    {
        ListOffsetsRequest request = new()
        {
            ReplicaId = -1,
            Topics = [.. asked.Select(one => new ListOffsetsRequest.ListOffsetsTopic { Name = one.Topic, Partitions = [new() { PartitionIndex = one.Partition, Timestamp = one.Timestamp }] })],
        };
        ListOffsetsResponse response = await _client.CallAsync<ListOffsetsResponse>(request, version);
        return [.. Assert.Single(response.Topics).Partitions.Select(p => (p.PartitionIndex, (ErrorCode)p.ErrorCode))];
    }
}
