using Broker.Actors.Configuration;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Groups;

/// <summary>
/// The state machine of one consumer group under the classic protocol: who its members are, which generation they are
/// in, and what each is assigned. Driven by requests and by <see cref="Tick"/>; owned by one actor, not thread-safe.
///
/// G1. A generation's members get their assignments only after these are durable.
/// G2. Every pending request is answered exactly once.
/// G3. The generation never falls, across rebalances and restarts.
/// </summary>
internal sealed partial class ClassicGroup(string groupId, GroupOptions options, IGroupHost host)
{
    private readonly Dictionary<string, GroupMember> _members = [];
    private readonly Dictionary<string, string> _staticMembers = [];

    // Ids given out by MEMBER_ID_REQUIRED whose owners have not come back yet, with their deadlines (KIP-394).
    private readonly Dictionary<string, long> _pendingMembers = [];

    private long _rebalanceDeadlineMs = long.MaxValue;
    private long _rebalanceLatestMs;
    private bool _waitsForMoreMembers;

    public string GroupId => groupId;

    public GroupState State { get; private set; } = GroupState.Empty;

    public int Generation { get; private set; }

    public string? ProtocolType { get; private set; }

    public string? Protocol { get; private set; }

    public string? Leader { get; private set; }

    /// <summary>When the group came into its state, in ms since 1970: an empty group's offsets age from here.</summary>
    public long StateSinceMs { get; private set; } = host.NowMs;

    public IReadOnlyDictionary<string, GroupMember> Members => _members;

    public bool HasMembers => _members.Count > 0 || _pendingMembers.Count > 0;

    /// <summary>What the members of a consumer group subscribe to together; null when that cannot be known.</summary>
    public IReadOnlySet<string>? SubscribedTopics()
    {
        if (ProtocolType != ConsumerSubscription.ProtocolType)
        {
            return null;
        }

        HashSet<string> topics = [];
        foreach (GroupMember member in _members.Values)
        {
            if (ConsumerSubscription.TopicsOf(member.MetadataFor(Protocol)) is not { } subscribed)
            {
                return null;
            }

            topics.UnionWith(subscribed);
        }

        return topics;
    }

    /// <summary>Puts back a group as its stored record describes it; its members have until their session's end to be heard of.</summary>
    public void Restore(GroupMetadataValue stored)
    {
        Generation = stored.Generation;
        ProtocolType = stored.ProtocolType.Length == 0 ? null : stored.ProtocolType;
        Protocol = stored.Protocol;
        Leader = stored.Leader;
        StateSinceMs = stored.CurrentStateTimestamp >= 0 ? stored.CurrentStateTimestamp : host.NowMs;
        foreach (GroupMetadataValue.MemberMetadata member in stored.Members)
        {
            GroupMember restored = new(member.MemberId, member.GroupInstanceId, member.ClientId, member.ClientHost)
            {
                SessionTimeoutMs = member.SessionTimeout,
                RebalanceTimeoutMs = member.RebalanceTimeout >= 0 ? member.RebalanceTimeout : member.SessionTimeout,
                Protocols = [new MemberProtocol(stored.Protocol ?? "", member.Subscription)],
                Assignment = member.Assignment,
            };
            Add(restored);
        }

        State = _members.Count > 0 ? GroupState.Stable : GroupState.Empty;
    }

    /// <summary>Ends the group: everything pending is answered with <paramref name="error"/>.</summary>
    public void Close(ErrorCode error)
    {
        foreach (GroupMember member in _members.Values)
        {
            member.AnswerJoin(GroupAnswers.JoinFailed(member.MemberId, error));
            member.AnswerSync(GroupAnswers.SyncFailed(error));
        }

        _members.Clear();
        _staticMembers.Clear();
        _pendingMembers.Clear();
        Enter(GroupState.Dead);
    }

    /// <summary>Lets time pass: gives up silent members and ends rebalances whose time is up.</summary>
    public void Tick()
    {
        long nowMs = host.NowMs;
        foreach (string memberId in _pendingMembers.Where(p => p.Value <= nowMs).Select(p => p.Key).ToArray())
        {
            _pendingMembers.Remove(memberId);
        }

        foreach (GroupMember member in _members.Values.Where(m => !m.AwaitsCoordinator && m.DeadlineMs <= nowMs).ToArray())
        {
            RemoveAndRebalance(member, "its session timed out");
        }

        AdvanceRebalance();
    }

    private void Enter(GroupState state)
    {
        State = state;
        StateSinceMs = host.NowMs;
    }

    private void Add(GroupMember member)
    {
        _members[member.MemberId] = member;
        _pendingMembers.Remove(member.MemberId);
        if (member.GroupInstanceId is { } instance)
        {
            _staticMembers[instance] = member.MemberId;
        }

        Leader ??= member.MemberId;
        Heard(member);
    }

    private void Remove(GroupMember member)
    {
        _members.Remove(member.MemberId);
        if (member.GroupInstanceId is { } instance && _staticMembers.GetValueOrDefault(instance) == member.MemberId)
        {
            _staticMembers.Remove(instance);
        }

        if (Leader == member.MemberId)
        {
            Leader = _members.Values.FirstOrDefault(m => m.PendingJoin is not null)?.MemberId ?? _members.Keys.FirstOrDefault();
        }

        member.AnswerJoin(GroupAnswers.JoinFailed(member.MemberId, ErrorCode.UnknownMemberId));
        member.AnswerSync(GroupAnswers.SyncFailed(ErrorCode.UnknownMemberId));
    }

    private void Heard(GroupMember member) => member.DeadlineMs = host.NowMs + member.SessionTimeoutMs;

    /// <summary>Finds the member that a request names, or the error that it deserves.</summary>
    private ErrorCode Identify(string memberId, string? groupInstanceId, out GroupMember? member)
    {
        member = null;
        if (groupInstanceId is not null)
        {
            if (!_staticMembers.TryGetValue(groupInstanceId, out string? current))
            {
                return ErrorCode.UnknownMemberId;
            }

            if (current != memberId)
            {
                return ErrorCode.FencedInstanceId;
            }
        }

        return _members.TryGetValue(memberId, out member) ? ErrorCode.None : ErrorCode.UnknownMemberId;
    }
}
