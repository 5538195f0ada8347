using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster;

/// <summary>
/// Owns the gossip of this node. A change is told to the others at once, as far as they do not have it; what got lost is
/// made up for by the periodic gossip. The leader acts as soon as all agree.
/// </summary>
internal sealed partial class ClusterCore : ReceiveActor, IWithTimers
{
    private readonly Cluster _cluster;
    private readonly IActorRef _heartbeatSender;
    private readonly ILoggingAdapter _log;
    private readonly TroubleLog _troubles;
    private readonly UniqueAddress _self;
    private readonly EventSubscriptions _subscriptions = new();
    private readonly HashSet<UniqueAddress> _exitingConfirmed = [];
    private MembershipState _state;

    public ClusterCore(Cluster cluster, IActorRef heartbeatSender)
    {
        _cluster = cluster;
        _heartbeatSender = heartbeatSender;
        _log = cluster.Log;
        _troubles = new TroubleLog(_log, TimeProvider.System);
        _self = cluster.SelfUniqueAddress;
        _state = new MembershipState(Gossip.Empty, _self);

        Receive<JoinSeeds>(join => JoinSeedNodes(join.Seeds));
        Receive<JoinTo>(join => JoinBy(join.Address));
        Receive<SeedAnswered>(answered => AskForEntry(answered.Address));
        Receive<InitJoin>(_ => OnInitJoin());
        Receive<Join>(OnJoin);
        Receive<Welcome>(OnWelcome);
        Receive<GossipEnvelope>(OnGossip);
        Receive<GossipStatus>(OnGossipStatus);
        Receive<LeaveNode>(leave => MarkAsLeaving(leave.Address));
        Receive<DownNode>(down => MarkAsDown(down.Address));
        Receive<ExitingConfirmed>(OnExitingConfirmed);
        Receive<ExitingCompleted>(_ => OnExitingCompleted());
        Receive<StopCluster>(_ => Context.Stop(Self));
        Receive<SendState>(send => send.Receiver.Tell(_state.ToCurrentState()));
        Receive<SubscribeTo>(Subscribe);
        Receive<SubscribeToStates>(_ => SubscribeToStates());
        Receive<UnsubscribeFrom>(unsubscribe => Unsubscribe(unsubscribe.Subscriber, unsubscribe.Type));
        Receive<Terminated>(terminated => Unsubscribe(terminated.ActorRef, null));
        Receive<Tick>(OnTick);
    }

    private enum Tick
    {
        Gossip,
        LeaderActions,
        Reap,
        RetryJoin,
        JoinTimedOut,
        EndAsDowned,
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private Gossip Latest => _state.Gossip;

    private bool IsMember => _state.SelfMember is not null;

    protected override void PostStop()
    {
        _subscriptions.Publish(ClusterEvent.ClusterShuttingDown.Instance);
        MembershipState nothing = new(Gossip.Empty, _self);
        _cluster.Publish(nothing);
        _subscriptions.Publish(_state, nothing);
    }

    private void OnTick(Tick tick)
    {
        switch (tick)
        {
            case Tick.Gossip:
                GossipToOne();
                break;
            case Tick.LeaderActions:
                ActAsLeader();
                break;
            case Tick.Reap:
                ReapUnreachable();
                break;
            case Tick.RetryJoin:
                RetryJoin();
                break;
            case Tick.JoinTimedOut:
                GiveUpJoining();
                break;
            case Tick.EndAsDowned:
                EndAsDowned();
                break;
        }
    }

    private void BecomeMember()
    {
        Timers.Cancel(Tick.RetryJoin);
        Timers.Cancel(Tick.JoinTimedOut);
        TimeSpan delay = _cluster.Settings.PeriodicTasksInitialDelay;
        Timers.StartPeriodicTimer(Tick.Gossip, Tick.Gossip, delay, _cluster.Settings.GossipInterval);
        Timers.StartPeriodicTimer(Tick.LeaderActions, Tick.LeaderActions, delay, _cluster.Settings.LeaderActionsInterval);
        Timers.StartPeriodicTimer(Tick.Reap, Tick.Reap, delay, _cluster.Settings.UnreachableNodesReaperInterval);
    }

    private void Subscribe(SubscribeTo request)
    {
        Context.Watch(request.Subscriber);
        _subscriptions.Subscribe(request, _state);
    }

    private void SubscribeToStates()
    {
        Context.Watch(Sender);
        _subscriptions.SubscribeToStates(Sender, _state);
    }

    private void Unsubscribe(IActorRef subscriber, Type? type)
    {
        if (_subscriptions.Unsubscribe(subscriber, type))
        {
            Context.Unwatch(subscriber);
        }
    }

    /// <summary>This node has changed the gossip: a new version, which the others are told.</summary>
    private void Change(Gossip changed)
    {
        Install(changed.ChangedBy(_self));
        TellWhoHasNotSeen();
    }

    /// <summary>Makes the gossip this node's, and tells who listens here.</summary>
    private void Install(Gossip gossip)
    {
        MembershipState before = _state;
        _state = new MembershipState(gossip, _self);
        _exitingConfirmed.RemoveWhere(node => !gossip.HasMember(node));
        TellRemoteWatcher(before.Gossip, gossip);
        _heartbeatSender.Tell(_state);
        _cluster.Publish(_state);
        _subscriptions.Publish(before, _state);
        LetInWhoWaited();
        if (_state.SelfMember?.Status != before.SelfMember?.Status)
        {
            OnSelfStatus(_state.SelfMember?.Status);
        }
    }

    private void OnSelfStatus(MemberStatus? status)
    {
        switch (status)
        {
            case MemberStatus.Exiting:
                Info("Exiting, starting coordinated shutdown");
                _ = CoordinatedShutdown.Get(Context.System).Run(CoordinatedShutdown.ClusterLeavingReason.Instance);
                break;
            case MemberStatus.Down:
                _log.Warning("Cluster node [{0}]: this node has been downed, its part in the cluster ends", _cluster.SelfAddress);
                Context.Parent.Tell(ClusterDaemon.Downed.Instance);
                Timers.StartPeriodicTimer(Tick.EndAsDowned, Tick.EndAsDowned, TimeSpan.Zero, _cluster.Settings.GossipInterval);
                break;
        }
    }

    /// <summary>Watches of actors on members go by the cluster's word. A node that was downed is not heard any more.</summary>
    private void TellRemoteWatcher(Gossip before, Gossip now)
    {
        foreach (object news in WatcherNews.Between(before, now, _self))
        {
            _cluster.Provider.Watcher.Tell(news);
        }

        foreach (Member downed in before.Members.Where(member => member.Status == MemberStatus.Down && !now.HasMember(member.UniqueAddress)))
        {
            _cluster.Provider.Remoting.Quarantine(downed.Address, downed.UniqueAddress.Uid);
        }
    }

    private IActorRef CoreAt(Address address) => _cluster.Provider.ResolveActorRef(ClusterDaemon.CorePath(address));

    private void Info(string what)
    {
        if (_cluster.Settings.LogInfo)
        {
            _log.Info("Cluster node [{0}]: {1}", _cluster.SelfAddress, what);
        }
    }
}
