namespace Broker.Actors.Inspection;

/// <summary>The groups that a node coordinates: what <c>broker group list</c> prints.</summary>
/// <param name="NodeId">Which node.</param>
/// <param name="Groups">By name.</param>
/// <param name="Loading">Partitions of <c>__consumer_offsets</c> that the node coordinates and still reads: their groups are missing.</param>
public sealed record GroupsReport(int NodeId, IReadOnlyList<GroupSummary> Groups, int Loading);

/// <summary>A group.</summary>
/// <param name="State">As in Kafka: <c>Stable</c>, <c>Empty</c>, ...</param>
/// <param name="ProtocolType"><c>consumer</c>, or what its clients say.</param>
public sealed record GroupSummary(string GroupId, string State, string ProtocolType);

/// <summary>A group, its members and what it has committed: what <c>broker group describe</c> prints.</summary>
/// <param name="Protocol">The assignor in use; "" = none.</param>
/// <param name="CoordinatorPartition">Of <c>__consumer_offsets</c>: whose leader coordinates it.</param>
/// <param name="Members">By id.</param>
/// <param name="Offsets">By topic and partition.</param>
public sealed record GroupReport(
    string GroupId, string State, string ProtocolType, string Protocol, int CoordinatorPartition, IReadOnlyList<GroupMemberReport> Members, IReadOnlyList<CommittedOffsetReport> Offsets);

/// <summary>A member.</summary>
/// <param name="InstanceId">Of a static member; "" = it is none.</param>
/// <param name="Assigned">As <c>TOPIC-PARTITION</c>; none where the group has no assignment, or one in clients' own words.</param>
public sealed record GroupMemberReport(string MemberId, string InstanceId, string ClientId, string ClientHost, IReadOnlyList<string> Assigned);

/// <summary>How far a group is in a partition.</summary>
/// <param name="Offset">The next that it reads.</param>
/// <param name="HighWatermark">The offset after the last that is acknowledged; null: another node leads the partition.</param>
/// <param name="Lag">What lies between; null where the end is not known.</param>
/// <param name="Metadata">The client's own words.</param>
public sealed record CommittedOffsetReport(string Topic, int Partition, long Offset, long? HighWatermark, long? Lag, string Metadata);
