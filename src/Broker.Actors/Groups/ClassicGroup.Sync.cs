using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Groups;

/// <summary>From the leader's assignment to a stable group; heartbeats, leaving, and being given up.</summary>
internal sealed partial class ClassicGroup
{
    /// <summary>Takes a SyncGroup request; its answer comes when the leader's assignment is durable.</summary>
    public void Sync(SyncGroupRequest request, Action<SyncGroupResponse> reply)
    {
        ErrorCode error = CheckSync(request, out GroupMember? member);
        if (error != ErrorCode.None)
        {
            reply(GroupAnswers.SyncFailed(error));
        }
        else if (State == GroupState.Stable)
        {
            Heard(member!);
            reply(SyncAnswer(member!));
        }
        else
        {
            member!.AwaitSync(reply);
            Heard(member);
            if (member.MemberId == Leader)
            {
                StoreAssignments(request);
            }
        }
    }

    private ErrorCode CheckSync(SyncGroupRequest request, out GroupMember? member)
    {
        ErrorCode error = Identify(request.MemberId, request.GroupInstanceId, out member);
        if (error != ErrorCode.None)
        {
            return error;
        }

        if (request.GenerationId != Generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        if ((request.ProtocolType is { } type && type != ProtocolType) || (request.ProtocolName is { } name && name != Protocol))
        {
            return ErrorCode.InconsistentGroupProtocol;
        }

        return State switch
        {
            GroupState.CompletingRebalance or GroupState.Stable => ErrorCode.None,
            GroupState.PreparingRebalance => ErrorCode.RebalanceInProgress,
            _ => ErrorCode.UnknownMemberId,
        };
    }

    private void StoreAssignments(SyncGroupRequest request)
    {
        Dictionary<string, byte[]> given = request.Assignments
            .GroupBy(a => a.MemberId).ToDictionary(a => a.Key, a => a.Last().Assignment);
        Dictionary<string, byte[]> assignments = _members.Keys.ToDictionary(id => id, id => given.GetValueOrDefault(id) ?? []);
        int generation = Generation;
        host.Store(this, assignments, error => OnAssignmentsStored(generation, assignments, error));
    }

    private void OnAssignmentsStored(int generation, Dictionary<string, byte[]> assignments, ErrorCode error)
    {
        if (State != GroupState.CompletingRebalance || Generation != generation)
        {
            return;
        }

        if (error != ErrorCode.None)
        {
            foreach (GroupMember member in _members.Values)
            {
                member.AnswerSync(GroupAnswers.SyncFailed(error));
            }

            PrepareRebalance();
            return;
        }

        _rebalanceDeadlineMs = long.MaxValue;
        Enter(GroupState.Stable);
        foreach (GroupMember member in _members.Values)
        {
            member.Assignment = assignments.GetValueOrDefault(member.MemberId) ?? [];
            Heard(member);
            member.AnswerSync(SyncAnswer(member));
        }
    }

    private SyncGroupResponse SyncAnswer(GroupMember member) => new()
    {
        ProtocolType = ProtocolType,
        ProtocolName = Protocol,
        Assignment = member.Assignment,
    };

    /// <summary>Takes a Heartbeat.</summary>
    public ErrorCode Heartbeat(HeartbeatRequest request)
    {
        ErrorCode error = Identify(request.MemberId, request.GroupInstanceId, out GroupMember? member);
        if (error != ErrorCode.None)
        {
            return error;
        }

        if (request.GenerationId != Generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        Heard(member!);
        return State switch
        {
            GroupState.PreparingRebalance => ErrorCode.RebalanceInProgress,
            GroupState.CompletingRebalance or GroupState.Stable => ErrorCode.None,
            _ => ErrorCode.UnknownMemberId,
        };
    }

    /// <summary>Takes one member out, as LeaveGroup asks.</summary>
    public ErrorCode Leave(string memberId, string? groupInstanceId)
    {
        // KIP-345: an operator may remove a static member by its instance's name alone.
        if (groupInstanceId is not null && memberId.Length == 0)
        {
            memberId = _staticMembers.GetValueOrDefault(groupInstanceId) ?? "";
        }

        if (groupInstanceId is null && _pendingMembers.Remove(memberId))
        {
            AdvanceRebalance();
            return ErrorCode.None;
        }

        ErrorCode error = Identify(memberId, groupInstanceId, out GroupMember? member);
        if (error == ErrorCode.None)
        {
            RemoveAndRebalance(member!, "it left");
            AdvanceRebalance();
        }

        return error;
    }

    /// <summary>Judges the member and generation of an offset commit.</summary>
    public ErrorCode CheckCommit(string memberId, string? groupInstanceId, int generation)
    {
        if (State == GroupState.Dead)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }

        // A consumer that assigns its partitions itself commits without a generation, and only to a group without members;
        // what it then calls itself does not matter.
        if (generation < 0 && State == GroupState.Empty)
        {
            return ErrorCode.None;
        }

        ErrorCode error = Identify(memberId, groupInstanceId, out GroupMember? member);
        if (error != ErrorCode.None)
        {
            return error;
        }

        if (generation != Generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        Heard(member!);
        return State == GroupState.CompletingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    private void RemoveAndRebalance(GroupMember member, string reason)
    {
        LastRebalanceReason = $"member {member.MemberId}: {reason}";
        Remove(member);
        if (State is GroupState.Stable or GroupState.CompletingRebalance)
        {
            PrepareRebalance();
        }
    }

    /// <summary>Why members were last asked to join anew, for the log.</summary>
    public string? LastRebalanceReason { get; private set; }

    private void ExpelUnsynced()
    {
        foreach (GroupMember member in _members.Values.Where(m => m.PendingSync is null).ToArray())
        {
            RemoveAndRebalance(member, "it did not ask for its assignment in time");
        }

        AdvanceRebalance();
    }
}
