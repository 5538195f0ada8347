using Akka.Actor;

namespace Akka.Cluster.Sharding;

/// <summary>What a region and its coordinator tell each other.</summary>
public sealed partial class ShardRegion
{
    /// <summary>A coordinator is back, and membership the same on all nodes, within milliseconds as a rule.</summary>
    private static readonly TimeSpan FirstRetryAfter = TimeSpan.FromMilliseconds(20);

    private IActorRef? _coordinator;
    private Member? _oldest;
    private TimeSpan _registerAgainAfter = FirstRetryAfter;

    private void OnMembership(object message)
    {
        if (message is ClusterEvent.CurrentClusterState state)
        {
            _members.Set(state.Members);
        }
        else
        {
            _members.Apply((ClusterEvent.IMemberEvent)message);
        }

        if (_members.Oldest != _oldest)
        {
            _oldest = _members.Oldest;
            LoseCoordinator();
        }
        else if (message is ClusterEvent.MemberUp)
        {
            // Homes on it were not believed before.
            AskForAll();
        }

        StopIfDone();
    }

    private void LoseCoordinator()
    {
        if (_coordinator is not null)
        {
            Context.Unwatch(_coordinator);
            _coordinator = null;
        }

        _mayStop = false;
        _registerAgainAfter = FirstRetryAfter;
        RegisterAtCoordinator();
    }

    private void RegisterAtCoordinator()
    {
        if (_coordinator is not null || _oldest is null)
        {
            return;
        }

        ActorPath path = _coordinatorPath.Aggregate<string, ActorPath>(new RootActorPath(_oldest.Address), (path, element) => path / element);
        TellOfItself(Context.ActorSelection(path));
        Timers.StartSingleTimer(Tick.Register, Tick.Register, _registerAgainAfter);
        TimeSpan twice = 2 * _registerAgainAfter;
        _registerAgainAfter = twice < Tuning.RetryInterval ? twice : Tuning.RetryInterval;
    }

    private void TellOfItself(ICanTell coordinator) => coordinator.Tell(new Register([.. _shards.Keys], _isProxy), Self);

    private bool OnCoordinator(object message)
    {
        if (message is RegisterAck)
        {
            OnRegistered();
            return true;
        }

        if (!Sender.Equals(_coordinator))
        {
            // An earlier coordinator's word: the one of now does not know of it.
            return true;
        }

        switch (message)
        {
            case ShardHome home:
                OnShardHome(home.Shard, home.Region);
                return true;
            case HostShard host:
                OnShardHome(host.Shard, Self);
                return true;
            case BeginHandOff begin:
                _homes.Remove(begin.Shard);
                Sender.Tell(new BeginHandOffAck(begin.Shard), Self);
                return true;
            case HandOff handOff:
                StopShard(handOff.Shard);
                return true;
            case GracefulShutdownAck:
                _mayStop = true;
                StopIfDone();
                return true;
            default:
                return false;
        }
    }

    private void OnRegistered()
    {
        if (_coordinator is not null || _oldest is null || !IsAt(Sender, _oldest))
        {
            return;
        }

        _coordinator = Context.Watch(Sender);
        Timers.Cancel(Tick.Register);
        if (_isShuttingDown)
        {
            BeginShutdown();
        }

        AskForAll();
    }

    private bool IsAt(IActorRef actor, Member member) =>
        actor.Path.Address.HasLocalScope ? member.UniqueAddress == _cluster.SelfUniqueAddress : actor.Path.Address == member.Address;

    private void OnShardHome(string shard, IActorRef home)
    {
        if (!_nodes.HasNodeOf(home))
        {
            // One of the two nodes is behind; not for long.
            Timers.StartSingleTimer(Tick.AskSoon, Tick.AskSoon, FirstRetryAfter);
        }
        else if (!_stopping.Contains(shard))
        {
            SetHome(shard, home);
        }
    }

    private void StopShard(string shard)
    {
        _homes.Remove(shard);
        if (!_shards.TryGetValue(shard, out IActorRef? actor))
        {
            Sender.Tell(new ShardStopped(shard), Self);
        }
        else if (_stopping.Add(shard))
        {
            actor.Tell(Shard.Stop.Instance, Self);
        }
    }

    private void AskFor(string shard) => _coordinator?.Tell(new GetShardHome(shard), Self);

    private void AskForAll()
    {
        foreach (string shard in _buffers.Shards)
        {
            AskFor(shard);
        }
    }

    private void OnTick(Tick tick)
    {
        switch (tick)
        {
            case Tick.Register:
                RegisterAtCoordinator();
                break;
            case Tick.AskSoon:
                AskForAll();
                break;
            case Tick.WaitedEnough:
                _hasWaited = true;
                StopIfDone();
                break;
            case Tick.Retry when _coordinator is not null:
                // Also for a coordinator that failed, and begins with nothing.
                TellOfItself(_coordinator);
                AskForAll();
                if (_isShuttingDown)
                {
                    BeginShutdown();
                }

                break;
        }
    }
}
