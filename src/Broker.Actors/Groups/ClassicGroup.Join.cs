using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Groups;

/// <summary>Joining, and the rebalance that ends with every member in one generation.</summary>
internal sealed partial class ClassicGroup
{
    /// <summary>Takes a JoinGroup request; its answer comes when the generation is complete.</summary>
    public void Join(JoinGroup join, Action<JoinGroupResponse> reply)
    {
        JoinGroupRequest request = join.Request;
        MemberProtocol[] protocols = [.. request.Protocols.Select(p => new MemberProtocol(p.Name, p.Metadata))];
        ErrorCode error = CheckJoin(request, protocols);
        if (error != ErrorCode.None)
        {
            reply(GroupAnswers.JoinFailed(request.MemberId, error));
        }
        else if (request.MemberId.Length == 0)
        {
            JoinNew(join, protocols, reply);
        }
        else
        {
            JoinKnown(join, protocols, reply);
        }

        AdvanceRebalance();
    }

    private ErrorCode CheckJoin(JoinGroupRequest request, MemberProtocol[] protocols)
    {
        if (State == GroupState.Dead)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }

        if (request.SessionTimeoutMs < options.MinSessionTimeout.TotalMilliseconds || request.SessionTimeoutMs > options.MaxSessionTimeout.TotalMilliseconds)
        {
            return ErrorCode.InvalidSessionTimeout;
        }

        bool isKnown = _members.ContainsKey(request.MemberId)
            || (request.GroupInstanceId is { } instance && _staticMembers.ContainsKey(instance));
        if (!isKnown && _members.Count >= options.MaxSize)
        {
            return ErrorCode.GroupMaxSizeReached;
        }

        if (request.ProtocolType.Length == 0 || protocols.Length == 0)
        {
            return ErrorCode.InconsistentGroupProtocol;
        }

        // A sole member may change everything: it is compared with the others only.
        IEnumerable<GroupMember> others = _members.Values.Where(m => m.MemberId != request.MemberId);
        return others.Any() && (ProtocolType != request.ProtocolType || !CommonProtocols(others).Overlaps(protocols.Select(p => p.Name)))
            ? ErrorCode.InconsistentGroupProtocol
            : ErrorCode.None;
    }

    private void JoinNew(JoinGroup join, MemberProtocol[] protocols, Action<JoinGroupResponse> reply)
    {
        JoinGroupRequest request = join.Request;
        string memberId = $"{request.GroupInstanceId ?? join.Client.ClientId}-{host.NewId()}";
        if (request.GroupInstanceId is { } instance && _staticMembers.TryGetValue(instance, out string? previousId))
        {
            ReplaceStatic(_members[previousId], memberId, join, protocols, reply);
        }
        else if (request.GroupInstanceId is null && join.RequireKnownMemberId)
        {
            _pendingMembers[memberId] = host.NowMs + request.SessionTimeoutMs;
            reply(GroupAnswers.JoinFailed(memberId, ErrorCode.MemberIdRequired));
        }
        else
        {
            AddAndRebalance(memberId, join, protocols, reply);
        }
    }

    private void JoinKnown(JoinGroup join, MemberProtocol[] protocols, Action<JoinGroupResponse> reply)
    {
        JoinGroupRequest request = join.Request;
        if (request.GroupInstanceId is null && _pendingMembers.ContainsKey(request.MemberId))
        {
            AddAndRebalance(request.MemberId, join, protocols, reply);
            return;
        }

        ErrorCode error = Identify(request.MemberId, request.GroupInstanceId, out GroupMember? member);
        if (error != ErrorCode.None)
        {
            reply(GroupAnswers.JoinFailed(request.MemberId, error));
            return;
        }

        Rejoin(member!, request, protocols, reply);
    }

    private void Rejoin(GroupMember member, JoinGroupRequest request, MemberProtocol[] protocols, Action<JoinGroupResponse> reply)
    {
        bool isUnchanged = member.OffersSame(protocols);
        Update(member, request, protocols);
        bool mustRebalance = State switch
        {
            GroupState.CompletingRebalance => !isUnchanged,
            GroupState.Stable => !isUnchanged || member.MemberId == Leader,
            _ => true,
        };
        if (mustRebalance)
        {
            member.AwaitJoin(reply);
            PrepareRebalance();
        }
        else
        {
            // Its answer was lost: the generation is still the one it missed.
            Heard(member);
            reply(JoinAnswer(member));
        }
    }

    private static string HostOf(JoinGroup join) => $"/{join.Client.Address}";

    private void AddAndRebalance(string memberId, JoinGroup join, MemberProtocol[] protocols, Action<JoinGroupResponse> reply)
    {
        JoinGroupRequest request = join.Request;
        GroupMember member = new(memberId, request.GroupInstanceId, join.Client.ClientId, HostOf(join));
        Update(member, request, protocols);
        Add(member);
        ProtocolType ??= request.ProtocolType;
        if (_members.Count == 1)
        {
            ProtocolType = request.ProtocolType;
        }

        member.AwaitJoin(reply);
        if (State == GroupState.PreparingRebalance && _waitsForMoreMembers)
        {
            ExtendInitialDelay();
        }

        PrepareRebalance();
    }

    private void Update(GroupMember member, JoinGroupRequest request, MemberProtocol[] protocols)
    {
        member.SessionTimeoutMs = request.SessionTimeoutMs;
        member.RebalanceTimeoutMs = request.RebalanceTimeoutMs >= 0 ? request.RebalanceTimeoutMs : request.SessionTimeoutMs;
        member.Protocols = protocols;
        Heard(member);
    }

    private void PrepareRebalance()
    {
        if (State == GroupState.PreparingRebalance)
        {
            return;
        }

        foreach (GroupMember member in _members.Values)
        {
            member.AnswerSync(GroupAnswers.SyncFailed(ErrorCode.RebalanceInProgress));
        }

        long nowMs = host.NowMs;
        long timeoutMs = MaxRebalanceTimeoutMs();
        _waitsForMoreMembers = State == GroupState.Empty;
        _rebalanceLatestMs = nowMs + timeoutMs;
        _rebalanceDeadlineMs = _waitsForMoreMembers
            ? nowMs + Math.Min((long)options.InitialRebalanceDelay.TotalMilliseconds, timeoutMs)
            : _rebalanceLatestMs;
        Enter(GroupState.PreparingRebalance);
    }

    // An empty group waits a little for its members to come together, and anew for each that comes, so that they need not rebalance one by one.
    private void ExtendInitialDelay() =>
        _rebalanceDeadlineMs = Math.Min(_rebalanceLatestMs, host.NowMs + (long)options.InitialRebalanceDelay.TotalMilliseconds);

    private long MaxRebalanceTimeoutMs() => _members.Values.Select(m => (long)m.RebalanceTimeoutMs).DefaultIfEmpty(0).Max();

    /// <summary>Goes on with a rebalance as far as joins and time allow.</summary>
    private void AdvanceRebalance()
    {
        long nowMs = host.NowMs;
        bool isDue = nowMs >= _rebalanceDeadlineMs;
        if (State == GroupState.PreparingRebalance)
        {
            bool allJoined = _pendingMembers.Count == 0 && _members.Values.All(m => m.PendingJoin is not null);
            if (isDue || (allJoined && !_waitsForMoreMembers))
            {
                CompleteJoin();
            }
        }
        else if (State == GroupState.CompletingRebalance && isDue)
        {
            ExpelUnsynced();
        }
    }

    private void CompleteJoin()
    {
        foreach (GroupMember absent in _members.Values.Where(m => m.PendingJoin is null && !m.IsStatic).ToArray())
        {
            Remove(absent);
        }

        if (_members.Count > 0 && !ElectJoinedLeader())
        {
            // Only static members that are away: they have until their sessions end.
            _rebalanceDeadlineMs = host.NowMs + MaxRebalanceTimeoutMs();
            return;
        }

        Generation++;
        _waitsForMoreMembers = false;
        if (_members.Count == 0)
        {
            BecomeEmpty();
            return;
        }

        Protocol = Vote();
        Enter(GroupState.CompletingRebalance);
        _rebalanceDeadlineMs = host.NowMs + MaxRebalanceTimeoutMs();
        foreach (GroupMember member in _members.Values.Where(m => m.PendingJoin is not null).ToArray())
        {
            Heard(member);
            member.AnswerJoin(JoinAnswer(member));
        }
    }

    private bool ElectJoinedLeader()
    {
        if (Leader is null || !_members.TryGetValue(Leader, out GroupMember? leader) || leader.PendingJoin is null)
        {
            Leader = _members.Values.FirstOrDefault(m => m.PendingJoin is not null)?.MemberId;
        }

        return Leader is not null;
    }

    private void BecomeEmpty()
    {
        (Protocol, Leader) = (null, null);
        _rebalanceDeadlineMs = long.MaxValue;
        Enter(GroupState.Empty);
        host.Store(this, new Dictionary<string, byte[]>(), _ => { });
    }

    private JoinGroupResponse JoinAnswer(GroupMember member) => new()
    {
        GenerationId = Generation,
        ProtocolType = ProtocolType,
        ProtocolName = Protocol,
        Leader = Leader ?? "",
        MemberId = member.MemberId,
        Members = member.MemberId != Leader ? [] :
        [
            .. _members.Values.Select(m => new JoinGroupResponse.JoinGroupResponseMember
            {
                MemberId = m.MemberId,
                GroupInstanceId = m.GroupInstanceId,
                Metadata = m.MetadataFor(Protocol),
            }),
        ],
    };

    private static HashSet<string> CommonProtocols(IEnumerable<GroupMember> members)
    {
        HashSet<string>? common = null;
        foreach (GroupMember member in members)
        {
            if (common is null)
            {
                common = [.. member.Protocols.Select(p => p.Name)];
            }
            else
            {
                common.IntersectWith(member.Protocols.Select(p => p.Name));
            }
        }

        return common ?? [];
    }

    // Each member votes for the first of its protocols that all know; most votes win, and of equals the first voted for.
    private string Vote()
    {
        HashSet<string> common = CommonProtocols(_members.Values);
        return _members.Values
            .Select(m => m.Protocols.First(p => common.Contains(p.Name)).Name)
            .GroupBy(name => name)
            .MaxBy(votes => votes.Count())!.Key;
    }
}
