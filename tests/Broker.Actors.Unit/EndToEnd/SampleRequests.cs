using System.Buffers;
using Broker.Actors.Unit.Fakes;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>For an API and version: requests that succeed, and requests that fail in the ways that matter to its fields.</summary>
internal static class SampleRequests
{
    public const string Topic = "known";
    public const string Group = "group";
    private const string Unknown = "unknown";

    public static IEnumerable<IKafkaRequest> For(ApiKey api, short version, Guid topicId)
    {
        Guid noTopic = Guid.Parse("11111111-1111-1111-1111-111111111111");
        (string Name, Guid Id)[] topics = [(Topic, topicId), (Unknown, noTopic)];
        return api switch
        {
            ApiKey.ApiVersions => [new ApiVersionsRequest { ClientSoftwareName = "test", ClientSoftwareVersion = "1" }],
            ApiKey.Produce => topics.SelectMany(t => new IKafkaRequest[] { Produce(t, 0, TestBatches.Of()), Produce(t, 99, TestBatches.Of()), Produce(t, 0, []) }),
            ApiKey.Fetch => topics.SelectMany(t => new IKafkaRequest[] { Fetch(t, 0, 0), Fetch(t, 0, 1_000_000), Fetch(t, 99, 0) }),
            ApiKey.ListOffsets => [ListOffsets(version, Topic, -1), ListOffsets(version, Topic, -2), ListOffsets(version, Topic, 0), ListOffsets(version, Topic, -3), ListOffsets(version, Topic, -99), ListOffsets(version, Unknown, -1)],
            ApiKey.Metadata => Metadata(version, topics),
            ApiKey.OffsetCommit => topics.SelectMany(t => new IKafkaRequest[] { Commit(t, ""), Commit(t, "stranger") }),
            ApiKey.OffsetFetch => OffsetFetch(version, topics),
            ApiKey.FindCoordinator => [FindCoordinator(version, Group, 0), FindCoordinator(version, "", 0), .. version >= 1 ? new[] { FindCoordinator(version, "txn", 1) } : []],
            ApiKey.JoinGroup => [Join(version, "", 10_000), Join(version, "stranger", 10_000), Join(version, "", 1)],
            ApiKey.SyncGroup => [new SyncGroupRequest { GroupId = Group, MemberId = "stranger", GenerationId = 1, ProtocolType = version >= 5 ? "consumer" : null, ProtocolName = version >= 5 ? "range" : null }],
            ApiKey.Heartbeat => [new HeartbeatRequest { GroupId = Group, MemberId = "stranger", GenerationId = 1 }, new HeartbeatRequest { GroupId = "", MemberId = "m" }],
            ApiKey.LeaveGroup => [Leave(version, Group), Leave(version, "")],
            ApiKey.DescribeGroups => [new DescribeGroupsRequest { Groups = [Group, Unknown, ""] }],
            ApiKey.ListGroups => [new ListGroupsRequest(), .. version >= 4 ? new[] { new ListGroupsRequest { StatesFilter = ["Stable"] } } : []],
            ApiKey.CreateTopics => CreateTopics(version),
            ApiKey.DeleteTopics => [DeleteTopics(version, Unknown, Guid.Empty), DeleteTopics(version, $"made-{version}", Guid.Empty), .. version >= 6 ? new[] { DeleteTopics(version, null, noTopic) } : []],
            ApiKey.DeleteRecords => [DeleteRecords(Topic, 0, -1), DeleteRecords(Topic, 0, 1_000_000), DeleteRecords(Topic, 99, 0), DeleteRecords(Unknown, 0, 0)],
            ApiKey.InitProducerId => [new InitProducerIdRequest { TransactionTimeoutMs = 1000 }, new InitProducerIdRequest { TransactionalId = "t", TransactionTimeoutMs = 1000 }],
            ApiKey.DescribeConfigs => DescribeConfigs(),
            ApiKey.DescribeCluster => [new DescribeClusterRequest(), .. version >= 1 ? new[] { new DescribeClusterRequest { EndpointType = 2 } } : []],
            _ => throw new ArgumentOutOfRangeException(nameof(api), api, "an API without sample requests"),
        };
    }

    private static ProduceRequest Produce((string Name, Guid Id) topic, int partition, byte[] records) => new()
    {
        Acks = -1,
        TimeoutMs = 1000,
        TopicData = [new() { Name = topic.Name, TopicId = topic.Id, PartitionData = [new() { Index = partition, Records = new ReadOnlySequence<byte>(records) }] }],
    };

    private static FetchRequest Fetch((string Name, Guid Id) topic, int partition, long offset) => new()
    {
        MaxWaitMs = 0,
        MinBytes = 1,
        MaxBytes = 1 << 20,
        Topics = [new() { Topic = topic.Name, TopicId = topic.Id, Partitions = [new() { Partition = partition, FetchOffset = offset, PartitionMaxBytes = 1 << 20 }] }],
    };

    private static DeleteRecordsRequest DeleteRecords(string topic, int partition, long before) => new()
    {
        TimeoutMs = 10_000,
        Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Offset = before }] }],
    };

    private static ListOffsetsRequest ListOffsets(short version, string topic, long timestamp) => new()
    {
        ReplicaId = -1,
        Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = 0, Timestamp = timestamp, CurrentLeaderEpoch = version >= 4 ? 0 : -1 }, new() { PartitionIndex = 77, Timestamp = timestamp }] }],
    };

    private static IEnumerable<IKafkaRequest> Metadata(short version, (string Name, Guid Id)[] topics)
    {
        if (version >= 1)
        {
            yield return new MetadataRequest { Topics = null };
        }

        yield return new MetadataRequest { Topics = [] };
        yield return new MetadataRequest { Topics = [.. new[] { Topic, "not allowed!" }.Select(name => new MetadataRequest.MetadataRequestTopic { Name = name })] };
        if (version >= 4)
        {
            yield return new MetadataRequest { AllowAutoTopicCreation = false, Topics = [new() { Name = Unknown }] };
        }

        if (version >= 12)
        {
            yield return new MetadataRequest { Topics = [.. topics.Select(topic => new MetadataRequest.MetadataRequestTopic { Name = null, TopicId = topic.Id })] };
        }
    }

    private static OffsetCommitRequest Commit((string Name, Guid Id) topic, string memberId) => new()
    {
        GroupId = "commits",
        MemberId = memberId,
        GenerationIdOrMemberEpoch = memberId.Length == 0 ? -1 : 1,
        Topics = [new() { Name = topic.Name, TopicId = topic.Id, Partitions = [new() { PartitionIndex = 0, CommittedOffset = 3, CommittedMetadata = "m" }, new() { PartitionIndex = 99, CommittedOffset = 3 }] }],
    };

    private static IEnumerable<IKafkaRequest> OffsetFetch(short version, (string Name, Guid Id)[] topics)
    {
        foreach (string group in new[] { "commits", "" })
        {
            yield return version >= 8
                ? new OffsetFetchRequest { Groups = [new() { GroupId = group, Topics = [.. topics.Select(t => new OffsetFetchRequest.OffsetFetchRequestTopics { Name = t.Name, TopicId = t.Id, PartitionIndexes = [0] })] }] }
                : new OffsetFetchRequest { GroupId = group, Topics = [.. topics.Select(t => new OffsetFetchRequest.OffsetFetchRequestTopic { Name = t.Name, PartitionIndexes = [0] })] };
            if (version >= 8)
            {
                yield return new OffsetFetchRequest { Groups = [new() { GroupId = group, Topics = null }] };
            }
            else if (version >= 2)
            {
                yield return new OffsetFetchRequest { GroupId = group, Topics = null };
            }
        }
    }

    private static FindCoordinatorRequest FindCoordinator(short version, string key, sbyte type) => version >= 4
        ? new FindCoordinatorRequest { CoordinatorKeys = [key], KeyType = type }
        : new FindCoordinatorRequest { Key = key, KeyType = type };

    private static JoinGroupRequest Join(short version, string memberId, int sessionMs) => new()
    {
        GroupId = $"joined-{version}",
        MemberId = memberId,
        SessionTimeoutMs = sessionMs,
        RebalanceTimeoutMs = version >= 1 ? 1000 : -1,
        ProtocolType = "consumer",
        Protocols = [new() { Name = "range", Metadata = [1] }],
    };

    private static LeaveGroupRequest Leave(short version, string group) => version >= 3
        ? new LeaveGroupRequest { GroupId = group, Members = [new() { MemberId = "stranger" }, new() { MemberId = "", GroupInstanceId = "instance" }] }
        : new LeaveGroupRequest { GroupId = group, MemberId = "stranger" };

    private static IEnumerable<IKafkaRequest> CreateTopics(short version)
    {
        yield return Create($"made-{version}", 2);
        yield return Create($"made-{version}", 2);
        yield return Create("bad name", 1);
        yield return Create("bad-count", 0);
        CreateTopicsRequest configured = Create($"configured-{version}", 1);
        configured.Topics[0].Configs = [new() { Name = "retention.ms", Value = "1000" }, new() { Name = "nope", Value = "1" }];
        yield return configured;
        CreateTopicsRequest checkedOnly = Create($"checked-{version}", 1);
        checkedOnly.validateOnly = true;
        yield return checkedOnly;
    }

    private static CreateTopicsRequest Create(string name, int partitions) => new()
    {
        timeoutMs = 1000,
        Topics = [new() { Name = name, NumPartitions = partitions, ReplicationFactor = 3 }],
    };

    private static DeleteTopicsRequest DeleteTopics(short version, string? name, Guid id) => version >= 6
        ? new DeleteTopicsRequest { TimeoutMs = 1000, Topics = [new() { Name = name, TopicId = id }] }
        : new DeleteTopicsRequest { TimeoutMs = 1000, TopicNames = [name!] };

    private static IEnumerable<IKafkaRequest> DescribeConfigs() => new (sbyte Type, string Name)[] { (2, Topic), (2, Unknown), (2, "bad name"), (4, "1"), (4, "0"), (4, ""), (4, "x"), (99, "x") }
        .Select(resource => new DescribeConfigsRequest { IncludeSynonyms = true, Resources = [new() { ResourceType = resource.Type, ResourceName = resource.Name }] });
}
