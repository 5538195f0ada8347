using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Groups;

/// <summary>One assignment protocol that a member offers, with its opaque subscription.</summary>
public readonly record struct MemberProtocol(string Name, byte[] Metadata);

/// <summary>A member of a classic group.</summary>
internal sealed class GroupMember(string memberId, string? groupInstanceId, string clientId, string clientHost)
{
    public string MemberId { get; set; } = memberId;

    /// <summary>Set for static members (KIP-345): a restart under the same name does not rebalance.</summary>
    public string? GroupInstanceId { get; } = groupInstanceId;

    public string ClientId { get; set; } = clientId;

    public string ClientHost { get; set; } = clientHost;

    public int SessionTimeoutMs { get; set; }

    public int RebalanceTimeoutMs { get; set; }

    public IReadOnlyList<MemberProtocol> Protocols { get; set; } = [];

    public byte[] Assignment { get; set; } = [];

    /// <summary>When the member is given up unless it is heard of, in ms since 1970.</summary>
    public long DeadlineMs { get; set; }

    /// <summary>The member's JoinGroup that awaits the end of the rebalance.</summary>
    public Action<JoinGroupResponse>? PendingJoin { get; private set; }

    /// <summary>The member's SyncGroup that awaits the leader's.</summary>
    public Action<SyncGroupResponse>? PendingSync { get; private set; }

    public bool IsStatic => GroupInstanceId is not null;

    /// <summary>A member whose request is with the coordinator is alive: its heartbeat cannot come meanwhile.</summary>
    public bool AwaitsCoordinator => PendingJoin is not null || PendingSync is not null;

    public void AwaitJoin(Action<JoinGroupResponse> reply)
    {
        // A client that gave up waiting sends again; the first request's connection is gone or will ignore the answer.
        PendingJoin?.Invoke(GroupAnswers.JoinFailed(MemberId, ErrorCode.UnknownMemberId));
        PendingJoin = reply;
    }

    public void AwaitSync(Action<SyncGroupResponse> reply)
    {
        PendingSync?.Invoke(GroupAnswers.SyncFailed(ErrorCode.UnknownMemberId));
        PendingSync = reply;
    }

    public void AnswerJoin(JoinGroupResponse response)
    {
        PendingJoin?.Invoke(response);
        PendingJoin = null;
    }

    public void AnswerSync(SyncGroupResponse response)
    {
        PendingSync?.Invoke(response);
        PendingSync = null;
    }

    public byte[] MetadataFor(string? protocol) => Protocols.FirstOrDefault(p => p.Name == protocol).Metadata ?? [];

    public bool OffersSame(IReadOnlyList<MemberProtocol> protocols) =>
        Protocols.Count == protocols.Count
        && Protocols.Zip(protocols).All(pair => pair.First.Name == pair.Second.Name && pair.First.Metadata.AsSpan().SequenceEqual(pair.Second.Metadata));
}
