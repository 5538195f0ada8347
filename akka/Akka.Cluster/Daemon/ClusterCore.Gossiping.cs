using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster;

/// <summary>How nodes come to know the same, and who is out of reach.</summary>
internal sealed partial class ClusterCore
{
    /// <summary>
    /// How many are told of a change at once: all in a small cluster, so that one round trip makes all agree; in a larger one
    /// they tell the rest.
    /// </summary>
    private const int FanOut = 5;

    private void OnGossip(GossipEnvelope envelope)
    {
        Gossip remote = envelope.Gossip;
        if (!IsMember || envelope.To != _self || !Hears(envelope.From) || !remote.HasMember(_self))
        {
            return;
        }

        VersionOrder order = remote.Version.CompareTo(Latest.Version);
        Gossip merged = order switch
        {
            VersionOrder.Same => Latest.MergeSeen(remote),
            VersionOrder.After => remote,
            VersionOrder.Before => Latest,
            _ => Latest.Merge(remote),
        };
        merged = merged.SeenBy(_self);
        bool isNew = order is VersionOrder.After or VersionOrder.Concurrent;
        if (isNew || merged.Seen.Count != Latest.Seen.Count)
        {
            Install(merged);
        }

        if (isNew)
        {
            TellWhoHasNotSeen();
        }

        bool knowsAll = order is VersionOrder.Same or VersionOrder.After && remote.IsSeenBy(_self);
        if (!knowsAll && (!isNew || Latest.IsSeenBy(envelope.From)))
        {
            GossipTo(envelope.From);
        }

        ActAsLeader();
        EndIfDowned();
    }

    private void OnGossipStatus(GossipStatus status)
    {
        if (!IsMember || !Hears(status.From))
        {
            return;
        }

        switch (status.Version.CompareTo(Latest.Version))
        {
            case VersionOrder.Same when status.SeenCount == Latest.Seen.Count:
                break;
            case VersionOrder.After:
                CoreAt(status.From.Address).Tell(Status());
                break;
            default:
                GossipTo(status.From);
                break;
        }
    }

    /// <summary>A member that this node reaches: of one that it holds for unreachable, it learns nothing but heartbeats.</summary>
    private bool Hears(UniqueAddress from) => Latest.HasMember(from) && Latest.Reachability.IsReachable(_self, from);

    private void GossipToOne()
    {
        Member[] peers = [.. Peers()];
        if (peers.Length == 0)
        {
            return;
        }

        Member[] behind = [.. peers.Where(member => !Latest.IsSeenBy(member.UniqueAddress))];
        Member[] among = behind.Length > 0 && Random.Shared.NextDouble() < _cluster.Settings.GossipDifferentViewProbability ? behind : peers;
        Member peer = among[Random.Shared.Next(among.Length)];
        if (Latest.IsSeenBy(peer.UniqueAddress))
        {
            CoreAt(peer.Address).Tell(Status());
        }
        else
        {
            GossipTo(peer.UniqueAddress);
        }
    }

    private void TellWhoHasNotSeen()
    {
        Member[] behind = [.. Peers().Where(member => !Latest.IsSeenBy(member.UniqueAddress))];
        Random.Shared.Shuffle(behind);
        foreach (Member member in behind.Take(FanOut))
        {
            GossipTo(member.UniqueAddress);
        }
    }

    private IEnumerable<Member> Peers() => Latest.Members.Where(member => member.UniqueAddress != _self && Latest.Reachability.IsReachable(_self, member.UniqueAddress));

    private void GossipTo(UniqueAddress node) => CoreAt(node.Address).Tell(new GossipEnvelope(_self, node, Latest));

    private GossipStatus Status() => new(_self, Latest.Version, Latest.Seen.Count);

    private bool IsMonitored(Address node) => _cluster.FailureDetector.IsMonitoring(node);

    private bool IsThere(Address node) => _cluster.FailureDetector.IsAvailable(node) && !_cluster.Refusals.IsGone(node);

    private void ReapUnreachable()
    {
        Member[] silent = [.. Peers().Where(member => IsMonitored(member.Address) && !IsThere(member.Address))];
        UniqueAddress[] back =
        [
            .. Latest.Reachability.UnreachableFrom(_self).Where(node => IsMonitored(node.Address) && IsThere(node.Address)),
        ];
        Reachability reachability = silent.Aggregate(Latest.Reachability, (before, member) => before.Unreachable(_self, member.UniqueAddress));
        reachability = back.Aggregate(reachability, (before, node) => before.Reachable(_self, node));
        if (reachability == Latest.Reachability)
        {
            return;
        }

        if (silent.Length > 0)
        {
            _log.Warning("Cluster node [{0}]: marking node(s) as UNREACHABLE [{1}]", _cluster.SelfAddress, string.Join(", ", silent.Select(member => member.ToString())));
        }

        if (back.Length > 0)
        {
            Info($"Marking node(s) as REACHABLE [{string.Join(", ", back.Select(node => node.ToString()))}]");
        }

        Change(Latest with { Reachability = reachability });
        ActAsLeader();
    }
}
