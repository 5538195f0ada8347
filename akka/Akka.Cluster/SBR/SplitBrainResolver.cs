using Akka.Actor;
using Akka.Event;
using Akka.Remote;

namespace Akka.Cluster.SBR;

/// <summary>
/// Watches the cluster, and when it has been the same for long enough with members missing, has the leader of this side
/// do what the strategy says. Both sides of a partition decide, each for itself.
/// </summary>
internal sealed class SplitBrainResolver : ReceiveActor, IWithTimers
{
    private readonly Cluster _cluster;
    private readonly SplitBrainResolverSettings _settings;
    private readonly IDowningStrategy _strategy;
    private readonly LeaseHolder? _lease;
    private readonly ILoggingAdapter _log;
    private MembershipState? _state;
    private TimeSpan? _unstableSince;
    private bool _acquiring;

    public SplitBrainResolver(Cluster cluster, SplitBrainResolverSettings settings, IDowningStrategy strategy, LeaseHolder? lease)
    {
        _cluster = cluster;
        _settings = settings;
        _strategy = strategy;
        _lease = lease;
        _log = cluster.Log;
        Receive<MembershipState>(Changed);
        Receive<Tick>(OnTick);
        Receive<LeaseOutcome>(LeaseDecided);
        Receive<LeaseReleased>(Released);
        Receive<ThisActorSystemQuarantinedEvent>(Quarantined);
    }

    private enum Tick
    {
        Stable,
        AcquireLease,
        ReleaseLease,
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _cluster.Core.Tell(SubscribeToStates.Instance);
        Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));
    }

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);

    private void Changed(MembershipState state)
    {
        MembershipState? before = _state;
        _state = state;
        if (!PartitionView.Of(state).IsPartition)
        {
            Timers.Cancel(Tick.Stable);
            _unstableSince = null;
            return;
        }

        if (before is null || !LooksTheSame(before, state) || !Timers.IsTimerActive(Tick.Stable))
        {
            TimeSpan now = Context.System.Scheduler.MonotonicClock;
            _unstableSince ??= now;
            Timers.StartSingleTimer(Tick.Stable, Tick.Stable, _settings.DowningStableAfter);
            GiveUpWhenNeverStable(state, now);
        }
    }

    private static bool LooksTheSame(MembershipState before, MembershipState now) =>
        before.UnreachableMembers.SequenceEqual(now.UnreachableMembers)
        && before.Gossip.Members.Select(member => (member, member.Status)).SequenceEqual(now.Gossip.Members.Select(member => (member, member.Status)));

    private void GiveUpWhenNeverStable(MembershipState state, TimeSpan now)
    {
        if (_settings.DownAllWhenUnstable > TimeSpan.Zero && IsResponsible(state)
            && now - _unstableSince > _settings.DowningStableAfter + _settings.DownAllWhenUnstable)
        {
            _log.Warning("SBR detected instability: the cluster has not been the same for {0}, downing all", now - _unstableSince);
            Down(state, Decision.DownAll);
        }
    }

    private void OnTick(Tick tick)
    {
        switch (tick)
        {
            case Tick.Stable:
                Decide();
                break;
            case Tick.AcquireLease:
                AcquireLease();
                break;
            case Tick.ReleaseLease:
                _lease!.Lease.Release().PipeTo(Self, success: _ => new LeaseReleased(null), failure: cause => new LeaseReleased(cause));
                break;
        }
    }

    private void Decide()
    {
        MembershipState state = _state!;
        PartitionView view = PartitionView.Of(state);
        _unstableSince = null;
        if (!view.IsPartition)
        {
            return;
        }

        // Until the decision is in the gossip: the leader may be another by then.
        Timers.StartSingleTimer(Tick.Stable, Tick.Stable, _settings.DowningStableAfter);
        if (!IsResponsible(state) || _acquiring)
        {
            return;
        }

        // Bad links inside this side need no vote, as nobody is missing.
        Decision decision = view.Unreachable.Count == 0 ? Decision.DownUnreachable : _strategy.Decide(view);
        switch (decision)
        {
            case Decision.AcquireLease:
                _acquiring = true;
                AcquireLease();
                break;
            case Decision.AcquireLeaseLater:
                _acquiring = true;
                Timers.StartSingleTimer(Tick.AcquireLease, Tick.AcquireLease, _lease!.Settings.AcquireLeaseDelayForMinority);
                break;
            default:
                Down(state, decision);
                break;
        }
    }

    private void AcquireLease()
    {
        // The other side may be back by now.
        if (!PartitionView.Of(_state!).IsPartition)
        {
            _acquiring = false;
            return;
        }

        AcquireAsync(_lease!.Lease).PipeTo(Self, success: held => new LeaseOutcome(held, null), failure: cause => new LeaseOutcome(false, cause));
    }

    /// <summary>
    /// No answer in time is a failure, and so is what an implementation throws before it has a task: this side must not wait for ever.
    /// A lease that is got too late ends by itself, as it is not renewed.
    /// </summary>
    private static async Task<bool> AcquireAsync(Coordination.Lease lease) =>
        await lease.Acquire().WaitAsync(lease.Settings.TimeoutSettings.OperationTimeout).ConfigureAwait(false);

    private void LeaseDecided(LeaseOutcome outcome)
    {
        _acquiring = false;
        if (outcome.Failure is not null)
        {
            _log.Error(outcome.Failure, "SBR couldn't acquire the lease: {0}", outcome.Failure.Message);
        }

        if (outcome.IsHeld)
        {
            Timers.StartSingleTimer(Tick.ReleaseLease, Tick.ReleaseLease, _lease!.Settings.ReleaseAfter);
        }

        if (PartitionView.Of(_state!).IsPartition)
        {
            Down(_state!, outcome.IsHeld ? Decision.DownUnreachable : Decision.DownReachable);
        }
    }

    private void Released(LeaseReleased released)
    {
        if (released.Failure is not null)
        {
            _log.Warning("SBR couldn't release the lease, which ends by itself: {0}", released.Failure.Message);
        }
    }

    private void Down(MembershipState state, Decision decision)
    {
        PartitionView view = PartitionView.Of(state);
        Member[] victims = [.. view.Victims(decision, state.Self)];
        _log.Warning(
            "SBR took decision {0} and is downing [{1}]{2}; unreachable [{3}], badly connected [{4}], reachable [{5}]",
            decision,
            Names(victims),
            victims.Any(victim => victim.UniqueAddress == state.Self) ? " including myself" : "",
            Names(view.Unreachable),
            Names(view.BadlyConnected),
            Names(view.Reachable));
        foreach (Member victim in victims)
        {
            _cluster.Down(victim.Address);
        }
    }

    private void Quarantined(ThisActorSystemQuarantinedEvent by)
    {
        if (_state?.Gossip.Members.Any(member => member.Address == by.RemoteAddress) == true)
        {
            _log.Warning("SBR took decision to down this node: [{0}] has removed it, and hears it no more", by.RemoteAddress);
            _cluster.Down(_cluster.SelfAddress);
        }
    }

    private static bool IsResponsible(MembershipState state) =>
        state.SelfMember is { Status: MemberStatus.Up or MemberStatus.Leaving } && state.IsLeader;

    private static string Names(IEnumerable<Member> members) => string.Join(", ", members.Select(member => member.Address));

    private sealed record LeaseOutcome(bool IsHeld, Exception? Failure);

    private sealed record LeaseReleased(Exception? Failure);
}
