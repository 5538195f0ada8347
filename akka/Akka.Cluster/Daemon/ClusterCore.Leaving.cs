using Akka.Actor;

namespace Akka.Cluster;

/// <summary>What the leader does, and how members go.</summary>
internal sealed partial class ClusterCore
{
    /// <summary>How often a downed node tells the others so before it ends, when they do not say that they know.</summary>
    private const int MaxTicksAsDowned = 4;

    private int _ticksAsDowned;

    private void ActAsLeader()
    {
        while (IsMember && _state.IsLeader && _state.SelfMember!.Status != MemberStatus.Down && _state.Convergence(_exitingConfirmed))
        {
            long nowMs = Context.System.Scheduler.Now.ToUnixTimeMilliseconds();
            Gossip acted = LeaderActions.OnConvergence(_state, _exitingConfirmed, _cluster.Settings, nowMs)
                .PruneTombstones(nowMs - (long)_cluster.Settings.PruneTombstonesAfter.TotalMilliseconds);
            if (ReferenceEquals(acted, Latest))
            {
                return;
            }

            LogActs(acted);
            Change(acted);
        }
    }

    private void LogActs(Gossip acted)
    {
        foreach (Member member in Latest.Members)
        {
            Member? now = acted.MemberAt(member.UniqueAddress);
            if (now is null)
            {
                Info($"Leader is removing {member.Status} node [{member.Address}]");
            }
            else if (now.Status != member.Status)
            {
                Info($"Leader is moving node [{member.Address}] to [{now.Status}]");
            }
        }
    }

    private void MarkAsLeaving(Address address)
    {
        Member? leaving = Latest.Members.FirstOrDefault(member => member.Address == address);
        if (leaving?.Status is MemberStatus.Joining or MemberStatus.Up)
        {
            Info($"Marked address [{address}] as [Leaving]");
            Change(Latest.WithMember(leaving.Copy(MemberStatus.Leaving)));
            ActAsLeader();
        }
        else
        {
            Info($"Leave of [{address}] has no effect: {leaving?.ToString() ?? "it is no member"}");
        }
    }

    private void MarkAsDown(Address address)
    {
        Member? down = Latest.Members.FirstOrDefault(member => member.Address == address);
        if (down is { Status: not MemberStatus.Down })
        {
            Info($"Marking node [{address}] as [Down]");
            Change(Latest.MarkAsDown(down));
            ActAsLeader();
        }
        else if (down is null)
        {
            Info($"Ignoring down of unknown node [{address}]");
        }
    }

    private void OnExitingConfirmed(ExitingConfirmed confirmed)
    {
        if (Latest.HasMember(confirmed.Node))
        {
            _exitingConfirmed.Add(confirmed.Node);
            ActAsLeader();
        }
    }

    /// <summary>All is handed over: whoever may lead is told, and this node's part ends. What is lost on the way the others make up for.</summary>
    private void OnExitingCompleted()
    {
        foreach (Member peer in Peers())
        {
            CoreAt(peer.Address).Tell(new ExitingConfirmed(_self));
        }

        Context.Stop(Self);
    }

    /// <summary>After the message that told of it: the others are to know first.</summary>
    private void EndAsDowned()
    {
        _ticksAsDowned++;
        TellWhoHasNotSeen();
        EndIfDowned();
    }

    private void EndIfDowned()
    {
        if (_state.SelfMember?.Status == MemberStatus.Down
            && (_ticksAsDowned >= MaxTicksAsDowned || Peers().All(peer => Latest.IsSeenBy(peer.UniqueAddress))))
        {
            Context.Stop(Self);
        }
    }
}
