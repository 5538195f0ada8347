using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster.Sharding;

/// <summary>
/// The singleton that says where shards are. It begins with nothing and learns from the regions what they have; until all members have told, or
/// had their time, it gives no shard a home.
/// </summary>
internal sealed partial class ShardCoordinator : ReceiveActor, IWithTimers
{
    private readonly Cluster _cluster = Cluster.Get(Context.System);
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly TroubleLog _troubles = new(Context.GetLogger(), TimeProvider.System);
    private readonly CoordinatorState _state = new();

    /// <summary>Who asked for shards that have no home yet.</summary>
    private readonly Dictionary<string, HashSet<IActorRef>> _requests = [];

    /// <summary>Shards whose place the strategy thinks about.</summary>
    private readonly HashSet<string> _allocating = [];

    private readonly string _typeName;
    private readonly ClusterShardingSettings _settings;
    private readonly IShardAllocationStrategy _strategy;
    private readonly KnownNodes _nodes;

    /// <summary>Members that have not told yet what they have; null when nobody is waited for.</summary>
    private HashSet<Address>? _awaited = [];

    public ShardCoordinator(string typeName, ClusterShardingSettings settings, IShardAllocationStrategy strategy)
    {
        _typeName = typeName;
        _settings = settings;
        _strategy = strategy;
        _nodes = new KnownNodes(_cluster);

        Receive<ClusterEvent.CurrentClusterState>(_ => { });
        Receive<ClusterEvent.MemberRemoved>(removed => OnNodeGone(removed.Member.Address));
        Receive<Register>(OnRegister);
        Receive<GetShardHome>(asked => OnGetShardHome(asked.Shard));
        Receive<Allocated>(allocated => OnAllocated(allocated.Shard, allocated.Region, allocated.Offered));
        Receive<AllocationFailed>(failed => OnAllocationFailed(failed.Shard, failed.Cause));
        Receive<ShardStopped>(stopped => OnShardStopped(stopped.Shard));
        Receive<BeginHandOffAck>(ack => OnForgotten(ack.Shard, Sender));
        Receive<GracefulShutdownReq>(_ => OnGracefulShutdown());
        Receive<MoveOverdue>(overdue => OnMoveOverdue(overdue.Shard));
        Receive<RebalanceChosen>(chosen => OnRebalanceChosen(chosen.Shards));
        Receive<RebalanceFailed>(failed => OnRebalanceFailed(failed.Cause));
        Receive<Tick>(OnTick);
        Receive<Terminated>(terminated => OnRegionGone(terminated.ActorRef));
        Receive<GetCurrentRegions>(_ => Sender.Tell(new CurrentRegions(_state.Regions.Keys.Select(AddressOf).ToImmutableHashSet())));
        Receive<GetClusterShardingStats>(asked => OnGetStats(asked.Timeout));
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        AwaitMembers();
        _cluster.Subscribe(Self, typeof(ClusterEvent.MemberRemoved));
        Timers.StartSingleTimer(Tick.WaitedEnough, Tick.WaitedEnough, _settings.TuningParameters.WaitingForStateTimeout);
        Timers.StartPeriodicTimer(Tick.Retry, Tick.Retry, _settings.TuningParameters.RetryInterval);
        Timers.StartPeriodicTimer(Tick.Rebalance, Tick.Rebalance, _settings.TuningParameters.RebalanceInterval);
        switch (_strategy)
        {
            case IActorSystemDependentAllocationStrategy dependent:
                dependent.Start(Context.System);
                break;
            case IStartableAllocationStrategy startable:
                startable.Start();
                break;
        }
    }

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private void OnTick(Tick tick)
    {
        switch (tick)
        {
            case Tick.WaitedEnough:
                EndWaiting();
                break;
            case Tick.Retry:
                AskAgain();
                AllocateRequested();
                break;
            case Tick.Rebalance:
                Rebalance();
                break;
        }
    }

    /// <summary>Those that exit or are down may still have shards; they register or are removed before long.</summary>
    private void AwaitMembers() => _awaited = [.. _cluster.State.Members
        .Where(member => member.Status is not (MemberStatus.Joining or MemberStatus.Removed) && (_settings.Role is null || member.HasRole(_settings.Role)))
        .Select(member => member.Address)];

    private void EndWaitingIfAllTold()
    {
        if (_awaited?.Count == 0)
        {
            _awaited = null;
            Timers.Cancel(Tick.WaitedEnough);
            MoveFromWhoShutsDown();
            AllocateRequested();
        }
    }

    private void EndWaiting()
    {
        if (_awaited is { Count: > 0 })
        {
            _log.Warning("{0}: no regions at [{1}] have told which shards they have; they are taken to have none", _typeName, string.Join(", ", _awaited));
        }

        _awaited?.Clear();
        EndWaitingIfAllTold();
    }

    private void OnRegister(Register register)
    {
        IActorRef region = Sender;
        if (!_nodes.HasNodeOf(region))
        {
            // It asks again; by then it is known here as a member.
            return;
        }

        Context.Watch(region);
        region.Tell(RegisterAck.Instance);
        if (!_state.IsRegistered(region))
        {
            LetJoinMoves(region);
        }

        if (register.IsProxy)
        {
            _state.RegisterProxy(region);
            return;
        }

        IReadOnlyList<string> conflicts = _state.Register(region, register.Shards);
        foreach (string shard in conflicts)
        {
            _troubles.Tell(
                LogLevel.WarningLevel, "conflict", shard, null, "{0}: shard [{1}] is in two regions; it stays in {2} and stops in {3}", _typeName, shard, _state.HomeOf(shard), region);
            region.Tell(new HandOff(shard));
        }

        _awaited?.Remove(AddressOf(region));
        EndWaitingIfAllTold();
        AllocateRequested();
    }

    private void OnGetShardHome(string shard)
    {
        if (_state.HomeOf(shard) is { } home && !_moves.ContainsKey(shard))
        {
            if (_nodes.HasNodeOf(home))
            {
                Sender.Tell(new ShardHome(shard, home));
                return;
            }

            OnRegionGone(home);
        }

        if (!_requests.TryGetValue(shard, out HashSet<IActorRef>? requesters))
        {
            requesters = [];
            _requests.Add(shard, requesters);
        }

        requesters.Add(Sender);
        Allocate(shard);
    }

    private void AllocateRequested()
    {
        foreach (string shard in _requests.Keys.ToArray())
        {
            Allocate(shard);
        }
    }

    /// <summary>Gives the shard a home if it is wanted, has none and may get one.</summary>
    private void Allocate(string shard)
    {
        if (_awaited is not null || _moves.ContainsKey(shard) || _allocating.Contains(shard) || !_requests.TryGetValue(shard, out HashSet<IActorRef>? requesters))
        {
            return;
        }

        if (_state.HomeOf(shard) is { } home)
        {
            Answer(shard, home);
            return;
        }

        ImmutableDictionary<IActorRef, IImmutableList<string>> offered = _state.ActiveRegions;
        if (offered.IsEmpty)
        {
            return;
        }

        Task<IActorRef> choice;
        try
        {
            choice = _strategy.AllocateShard(requesters.First(), shard, offered);
        }
        catch (Exception cause)
        {
            OnAllocationFailed(shard, cause);
            return;
        }

        _allocating.Add(shard);
        if (choice.IsCompletedSuccessfully)
        {
            OnAllocated(shard, choice.Result, offered);
        }
        else
        {
            choice.PipeTo(Self, success: region => new Allocated(shard, region, offered), failure: cause => new AllocationFailed(shard, cause));
        }
    }

    private void OnAllocated(string shard, IActorRef? region, ImmutableDictionary<IActorRef, IImmutableList<string>> offered)
    {
        _allocating.Remove(shard);
        if (_state.HomeOf(shard) is { } registeredMeanwhile)
        {
            Answer(shard, registeredMeanwhile);
        }
        else if (region is not null && _state.IsActive(region))
        {
            _log.Debug("{0}: shard [{1}] allocated at [{2}]", _typeName, shard, region);
            _state.Allocate(shard, region);
            region.Tell(new HostShard(shard));
            Answer(shard, region);
        }
        else if (region is not null && offered.ContainsKey(region))
        {
            // It went while the strategy thought.
            Allocate(shard);
        }
        else
        {
            _troubles.Tell(
                LogLevel.ErrorLevel, "allocation", shard, null,
                "{0}: the allocation strategy put shard [{1}] at [{2}], which is no region; it is asked again", _typeName, shard, region);
        }
    }

    private void OnAllocationFailed(string shard, Exception cause)
    {
        _allocating.Remove(shard);
        _troubles.Tell(LogLevel.ErrorLevel, "allocation", shard, cause, "{0}: the allocation strategy failed for shard [{1}]; it is asked again", _typeName, shard);
    }

    private void Answer(string shard, IActorRef home)
    {
        if (_requests.Remove(shard, out HashSet<IActorRef>? requesters))
        {
            ShardHome answer = new(shard, home);
            foreach (IActorRef requester in requesters)
            {
                requester.Tell(answer);
            }
        }
    }

    private void OnNodeGone(Address node)
    {
        foreach (IActorRef region in _state.RegionsAndProxies.Where(region => region.Path.Address == node && !_nodes.HasNodeOf(region)).ToArray())
        {
            OnRegionGone(region);
        }

        _awaited?.Remove(node);
        EndWaitingIfAllTold();
    }

    private void OnRegionGone(IActorRef region)
    {
        Context.Unwatch(region);
        _state.Remove(region);
        foreach (HashSet<IActorRef> requesters in _requests.Values)
        {
            requesters.Remove(region);
        }

        foreach (string unwanted in _requests.Where(request => request.Value.Count == 0).Select(request => request.Key).ToArray())
        {
            _requests.Remove(unwanted);
        }

        EndMovesOf(region);
        AllocateRequested();
    }

    private void OnGetStats(TimeSpan timeout)
    {
        IEnumerable<Task<(Address, ShardRegionStats?)>> answers = _state.Regions.Keys.Select(region => AskStatsAsync(AddressOf(region), region, timeout)).ToArray();
        Task.WhenAll(answers).PipeTo(Sender, Self, all => new ClusterShardingStats(
            all.Where(answer => answer.Item2 is not null).GroupBy(answer => answer.Item1).ToImmutableDictionary(same => same.Key, same => same.First().Item2!)));
    }

    private static async Task<(Address Node, ShardRegionStats? Stats)> AskStatsAsync(Address node, IActorRef region, TimeSpan timeout)
    {
        try
        {
            return (node, await region.Ask<ShardRegionStats>(GetShardRegionStats.Instance, timeout).ConfigureAwait(false));
        }
        catch (AskTimeoutException)
        {
            return (node, null);
        }
    }

    private Address AddressOf(IActorRef region) => region.Path.Address.HasLocalScope ? _cluster.SelfAddress : region.Path.Address;

    private sealed record Allocated(string Shard, IActorRef Region, ImmutableDictionary<IActorRef, IImmutableList<string>> Offered);

    private sealed record AllocationFailed(string Shard, Exception Cause);

    private sealed record MoveOverdue(string Shard);

    private sealed record RebalanceChosen(IImmutableSet<string> Shards);

    private sealed record RebalanceFailed(Exception Cause);

    private enum Tick
    {
        WaitedEnough,
        Retry,
        Rebalance,
    }
}
