using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster;

/// <summary>How nodes become members: this one, and others by this one.</summary>
internal sealed partial class ClusterCore
{
    /// <summary>Runs of nodes that wait until an earlier run at their address is removed.</summary>
    private readonly Dictionary<Address, (Join Join, IActorRef Sender)> _waiting = [];

    private ImmutableList<Address>? _seeds;
    private Address? _joiningBy;
    private IActorRef? _seedProcess;

    private void JoinSeedNodes(ImmutableList<Address> seeds)
    {
        if (IsMember || seeds.Count == 0)
        {
            return;
        }

        _seeds = seeds;
        if (_cluster.Settings.ShutdownAfterUnsuccessfulJoinSeedNodes is { } timeout)
        {
            Timers.StartSingleTimer(Tick.JoinTimedOut, Tick.JoinTimedOut, timeout);
        }

        AskSeedNodes(seeds);
    }

    private void AskSeedNodes(ImmutableList<Address> seeds)
    {
        StopAskingSeedNodes();
        if (seeds.All(seed => seed == _cluster.SelfAddress))
        {
            BeginCluster();
            return;
        }

        Cluster cluster = _cluster;
        _seedProcess = Context.ActorOf(Props.Create(() => new SeedNodeProcess(cluster, seeds)));
    }

    private void StopAskingSeedNodes()
    {
        if (_seedProcess is not null)
        {
            Context.Stop(_seedProcess);
            _seedProcess = null;
        }
    }

    private void JoinBy(Address address)
    {
        if (IsMember)
        {
            Info($"Trying to join [{address}] when already part of a cluster, ignoring");
            return;
        }

        if (address.System != _cluster.SelfAddress.System || address.Protocol != _cluster.SelfAddress.Protocol)
        {
            _log.Warning("Cluster node [{0}]: trying to join [{1}], which is another system or protocol, ignoring", _cluster.SelfAddress, address);
            return;
        }

        StopAskingSeedNodes();
        _seeds = null;
        AskForEntry(address);
    }

    private void AskForEntry(Address address)
    {
        if (IsMember)
        {
            return;
        }

        if (address == _cluster.SelfAddress)
        {
            BeginCluster();
            return;
        }

        _joiningBy = address;
        CoreAt(address).Tell(new Join(_self, _cluster.SelfRoles, _cluster.Settings.AppVersion));
        if (_cluster.Settings.RetryUnsuccessfulJoinAfter is { } retryAfter)
        {
            Timers.StartSingleTimer(Tick.RetryJoin, Tick.RetryJoin, retryAfter);
        }
    }

    private void RetryJoin()
    {
        if (IsMember)
        {
            return;
        }

        if (_seeds is not null)
        {
            AskSeedNodes(_seeds);
        }
        else if (_joiningBy is not null)
        {
            AskForEntry(_joiningBy);
        }
    }

    private void GiveUpJoining()
    {
        if (!IsMember)
        {
            _log.Warning(
                "Cluster node [{0}]: joining of seed nodes [{1}] was unsuccessful after {2}, running coordinated shutdown",
                _cluster.SelfAddress, string.Join(", ", _seeds ?? []), _cluster.Settings.ShutdownAfterUnsuccessfulJoinSeedNodes);
            _seeds = null;
            _joiningBy = null;
            StopAskingSeedNodes();
            _ = CoordinatedShutdown.Get(Context.System).Run(CoordinatedShutdown.ClusterJoinUnsuccessfulReason.Instance);
        }
    }

    private void BeginCluster()
    {
        Info("Beginning a new cluster");
        BecomeMember();
        Change(Gossip.Empty.WithMember(Joining(new Join(_self, _cluster.SelfRoles, _cluster.Settings.AppVersion))));
        ActAsLeader();
    }

    private void OnInitJoin()
    {
        if (_state.SelfMember is { Status: not (MemberStatus.Down or MemberStatus.Exiting) })
        {
            Sender.Tell(new InitJoinAck(_cluster.SelfAddress));
        }
        else
        {
            Sender.Tell(new InitJoinNack(_cluster.SelfAddress));
        }
    }

    private void OnJoin(Join join)
    {
        UniqueAddress node = join.Node;
        if (_state.SelfMember is not { Status: not (MemberStatus.Down or MemberStatus.Exiting) } || node == _self)
        {
            return;
        }

        if (Latest.Tombstones.ContainsKey(node))
        {
            _troubles.Tell(
                LogLevel.WarningLevel, "removed", node.ToString(), null,
                "Cluster node [{0}]: [{1}] was removed before; it can join again after a restart of its actor system", _cluster.SelfAddress, node);
            return;
        }

        Member? known = Latest.Members.FirstOrDefault(member => member.Address == node.Address);
        if (known is null)
        {
            Info($"Node [{node}] is JOINING, roles [{string.Join(", ", join.Roles)}], version [{join.AppVersion}]");
            Change(Latest.WithMember(Joining(join)));
            Sender.Tell(new Welcome(_self, Latest));
            ActAsLeader();
        }
        else if (known.UniqueAddress == node)
        {
            Sender.Tell(new Welcome(_self, Latest));
        }
        else
        {
            Replace(known, join);
        }
    }

    /// <summary>An earlier run at that address can't be alive any more; the new one waits until it is removed.</summary>
    private void Replace(Member earlier, Join join)
    {
        Info($"New incarnation of existing member [{earlier}] is trying to join. Existing will be removed from the cluster and then new member will be allowed to join.");
        _waiting[join.Node.Address] = (join, Sender);
        Gossip replaced = Latest with { Reachability = Latest.Reachability.Terminated(_self, earlier.UniqueAddress) };
        if (earlier.Status != MemberStatus.Down)
        {
            replaced = replaced.MarkAsDown(earlier);
        }

        if (replaced.Reachability != Latest.Reachability || earlier.Status != MemberStatus.Down)
        {
            Change(replaced);
            ActAsLeader();
        }
    }

    private void LetInWhoWaited()
    {
        foreach ((Address address, (Join join, IActorRef sender)) in _waiting.ToArray())
        {
            if (!Latest.Members.Any(member => member.Address == address))
            {
                _waiting.Remove(address);
                Self.Tell(join, sender);
            }
        }
    }

    private void OnWelcome(Welcome welcome)
    {
        if (IsMember || welcome.From.Address != _joiningBy || !welcome.Gossip.HasMember(_self))
        {
            return;
        }

        Info($"Welcome from [{welcome.From.Address}]");
        BecomeMember();
        Install(welcome.Gossip.SeenBy(_self));
        TellWhoHasNotSeen();
        GossipTo(welcome.From);
        ActAsLeader();
    }

    private static Member Joining(Join join) =>
        Member.Create(join.Node, Member.NotUpYet, MemberStatus.Joining, join.Roles, join.AppVersion);
}
