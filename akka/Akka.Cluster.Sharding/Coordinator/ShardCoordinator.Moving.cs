using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster.Sharding;

/// <summary>How shards leave their regions: by the strategy's choice, or because a region shuts down.</summary>
internal sealed partial class ShardCoordinator
{
    /// <summary>Beyond the time that entities have: for the messages, and for stopping those that did not stop by themselves.</summary>
    private static readonly TimeSpan StopMargin = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, ShardMove> _moves = [];
    private bool _isChoosing;

    private void Rebalance()
    {
        if (_awaited is not null || _isChoosing || _state.ActiveRegions.IsEmpty)
        {
            return;
        }

        Task<IImmutableSet<string>> choice;
        try
        {
            choice = _strategy.Rebalance(_state.ActiveRegions, _moves.Keys.ToImmutableHashSet());
        }
        catch (Exception cause)
        {
            OnRebalanceFailed(cause);
            return;
        }

        _isChoosing = true;
        choice.PipeTo(Self, success: shards => new RebalanceChosen(shards), failure: cause => new RebalanceFailed(cause));
    }

    private void OnRebalanceChosen(IImmutableSet<string> shards)
    {
        _isChoosing = false;
        foreach (string shard in shards)
        {
            BeginMove(shard);
        }
    }

    private void OnRebalanceFailed(Exception cause)
    {
        _isChoosing = false;
        _log.Error(cause, "{0}: the allocation strategy could not say what to rebalance", _typeName);
    }

    private void OnGracefulShutdown()
    {
        _state.BeginShutdown(Sender);
        Sender.Tell(GracefulShutdownAck.Instance);
        MoveFromWhoShutsDown();
    }

    /// <summary>Not before all have told what they have: who is not known would not be asked to forget, and send to where the shard was.</summary>
    private void MoveFromWhoShutsDown()
    {
        if (_awaited is not null)
        {
            return;
        }

        foreach (string shard in _state.ShuttingDown.SelectMany(region => _state.Regions[region]).ToArray())
        {
            BeginMove(shard);
        }
    }

    private void LetJoinMoves(IActorRef region)
    {
        foreach (ShardMove move in _moves.Values)
        {
            move.Await(region);
            region.Tell(new BeginHandOff(move.Shard));
        }
    }

    private void BeginMove(string shard)
    {
        if (_state.HomeOf(shard) is not { } owner || _moves.ContainsKey(shard))
        {
            return;
        }

        _log.Debug("{0}: shard [{1}] leaves [{2}]", _typeName, shard, owner);
        ShardMove move = new(shard, owner, _state.RegionsAndProxies);
        _moves.Add(shard, move);
        TellToForget(move);
        Timers.StartSingleTimer(move, new MoveOverdue(shard), _settings.TuningParameters.HandOffTimeout);
    }

    private static void TellToForget(ShardMove move)
    {
        foreach (IActorRef region in move.NotForgotten)
        {
            region.Tell(new BeginHandOff(move.Shard));
        }
    }

    private void OnForgotten(string shard, IActorRef region)
    {
        if (_moves.TryGetValue(shard, out ShardMove? move) && move.Forgotten(region))
        {
            StopAtOwner(move);
        }
    }

    private void StopAtOwner(ShardMove move)
    {
        move.Owner.Tell(new HandOff(move.Shard));
        Timers.StartSingleTimer(move, new MoveOverdue(move.Shard), _settings.TuningParameters.HandOffTimeout + StopMargin);
    }

    /// <summary>Also without a move: a shard may end by itself, or late.</summary>
    private void OnShardStopped(string shard)
    {
        bool wasHome = _state.Deallocate(shard, Sender);
        if (wasHome && _moves.TryGetValue(shard, out ShardMove? move))
        {
            EndMove(move);
        }
    }

    private void EndMove(ShardMove move)
    {
        _moves.Remove(move.Shard);
        Timers.Cancel(move);
        Allocate(move.Shard);
    }

    private void OnMoveOverdue(string shard)
    {
        if (!_moves.TryGetValue(shard, out ShardMove? move))
        {
            return;
        }

        if (move.BeginStop())
        {
            // A region that has not forgotten passes messages to the owner, who passes them on.
            StopAtOwner(move);
            return;
        }

        _log.Warning("{0}: shard [{1}] has not stopped in time at [{2}], and stays there until it does", _typeName, shard, move.Owner);
        EndMove(move);
    }

    /// <summary>Messages are lost with connections; regions take each of these more than once.</summary>
    private void AskAgain()
    {
        foreach (ShardMove move in _moves.Values)
        {
            TellToForget(move);
            if (move.IsStopping)
            {
                move.Owner.Tell(new HandOff(move.Shard));
            }
        }
    }

    private void EndMovesOf(IActorRef region)
    {
        foreach (ShardMove move in _moves.Values.ToArray())
        {
            if (move.Owner.Equals(region))
            {
                EndMove(move);
            }
            else if (move.Forgotten(region))
            {
                StopAtOwner(move);
            }
        }
    }
}
