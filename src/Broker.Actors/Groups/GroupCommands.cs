using Broker.Actors.Security;
using Broker.ObjectStore;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Groups;

/// <summary>Something asked of one group's coordinator.</summary>
public interface IGroupCommand
{
    string GroupId { get; }

    /// <summary>
    /// Whether it is about the group's members. The group whose name is empty can have none; offsets it can have, as it
    /// could in the first versions of the protocol.
    /// </summary>
    bool HasMembers => true;

    /// <summary>The answer when the coordinator cannot serve the group now.</summary>
    object Refusal(ErrorCode error);
}

/// <summary>Answered with <see cref="JoinGroupResponse"/>.</summary>
/// <param name="RequireKnownMemberId">From version 4 on a new member is first given an id (KIP-394).</param>
/// <param name="CanSkipAssignment">From version 9 on a leader can be told that there is nothing to assign (KIP-814).</param>
public sealed record JoinGroup(JoinGroupRequest Request, bool RequireKnownMemberId, bool CanSkipAssignment, ClientIdentity Client) : IGroupCommand
{
    public string GroupId => Request.GroupId;

    public object Refusal(ErrorCode error) => GroupAnswers.JoinFailed(Request.MemberId, error);
}

/// <summary>Answered with <see cref="SyncGroupResponse"/>.</summary>
public sealed record SyncGroup(SyncGroupRequest Request) : IGroupCommand
{
    public string GroupId => Request.GroupId;

    public object Refusal(ErrorCode error) => GroupAnswers.SyncFailed(error);
}

/// <summary>Answered with <see cref="HeartbeatResponse"/>.</summary>
public sealed record Heartbeat(HeartbeatRequest Request) : IGroupCommand
{
    public string GroupId => Request.GroupId;

    public object Refusal(ErrorCode error) => new HeartbeatResponse { ErrorCode = (short)error };
}

/// <summary>Answered with <see cref="MembersLeft"/>.</summary>
public sealed record LeaveGroup(string GroupId, IReadOnlyList<LeaveGroupRequest.MemberIdentity> Members) : IGroupCommand
{
    public object Refusal(ErrorCode error) => new MembersLeft(error, []);
}

/// <param name="Members">One error for each member that asked, in order; empty when the group itself refused.</param>
public sealed record MembersLeft(ErrorCode Error, IReadOnlyList<ErrorCode> Members);

/// <summary>One partition's offset to commit.</summary>
public sealed record OffsetToCommit(TopicPartition Partition, long Offset, int LeaderEpoch, string? Metadata);

/// <summary>Answered with <see cref="OffsetsCommitted"/> once the offsets are durable.</summary>
/// <param name="RetentionMs">For how long they are to be kept, by old clients; -1: as long as the broker keeps them.</param>
public sealed record CommitOffsets(
    string GroupId, string MemberId, string? GroupInstanceId, int Generation, long RetentionMs, IReadOnlyList<OffsetToCommit> Offsets) : IGroupCommand
{
    public bool HasMembers => false;

    public object Refusal(ErrorCode error) => new OffsetsCommitted([.. Offsets.Select(_ => error)]);
}

/// <param name="Errors">One for each offset, in the command's order.</param>
public sealed record OffsetsCommitted(IReadOnlyList<ErrorCode> Errors);

/// <summary>Answered with <see cref="OffsetsFetched"/>.</summary>
/// <param name="Partitions">Null asks for all that the group has.</param>
public sealed record FetchOffsets(string GroupId, IReadOnlyList<TopicPartition>? Partitions) : IGroupCommand
{
    public bool HasMembers => false;

    public object Refusal(ErrorCode error) => new OffsetsFetched(error, []);
}

/// <param name="Offset">-1 when the group has committed none.</param>
public sealed record FetchedOffset(TopicPartition Partition, long Offset, int LeaderEpoch, string Metadata);

/// <summary>What a group has committed.</summary>
/// <param name="Offsets">In the command's order, or all; empty on error.</param>
public sealed record OffsetsFetched(ErrorCode Error, IReadOnlyList<FetchedOffset> Offsets);

/// <summary>Answered with <see cref="DescribeGroupsResponse.DescribedGroup"/>.</summary>
public sealed record DescribeGroup(string GroupId) : IGroupCommand
{
    public bool HasMembers => false;

    public object Refusal(ErrorCode error) => new DescribeGroupsResponse.DescribedGroup
    {
        ErrorCode = (short)error,
        GroupId = GroupId,
        GroupState = "",
        ProtocolType = "",
        ProtocolData = "",
    };
}

/// <summary>Asks a coordinator for all its groups. Answered with <see cref="GroupsListed"/>.</summary>
public sealed record ListGroups
{
    public static readonly ListGroups Instance = new();
}

/// <summary>A group as ListGroups shows it.</summary>
public sealed record ListedGroup(string GroupId, string ProtocolType, GroupState State);

/// <param name="Error">COORDINATOR_LOAD_IN_PROGRESS while the coordinator is not ready.</param>
public sealed record GroupsListed(ErrorCode Error, IReadOnlyList<ListedGroup> Groups);

/// <summary>A topic is gone: so are the offsets committed for it.</summary>
public sealed record ForgetTopic(string Topic);
