using Akka.Actor;

namespace Akka.Cluster.Sharding;

/// <summary>How far a shard is on its way out of a region: first all regions forget where it is, then it stops.</summary>
internal sealed class ShardMove(string shard, IActorRef owner, IEnumerable<IActorRef> regions)
{
    private readonly HashSet<IActorRef> _notForgotten = [.. regions];

    public string Shard { get; } = shard;

    public IActorRef Owner { get; } = owner;

    /// <summary>The owner has been told to stop it.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>Who has not said yet that it has forgotten where the shard is.</summary>
    public IReadOnlyCollection<IActorRef> NotForgotten => _notForgotten;

    /// <summary>Another region that may know where the shard was; too late once the owner stops it.</summary>
    public void Await(IActorRef region)
    {
        if (!IsStopping)
        {
            _notForgotten.Add(region);
        }
    }

    /// <summary>The region keeps messages for the shard from now on, or is gone.</summary>
    /// <returns>True once, when it was the last one: the owner is to stop the shard.</returns>
    public bool Forgotten(IActorRef region) => _notForgotten.Remove(region) && _notForgotten.Count == 0 && BeginStop();

    /// <summary>Does not wait for the rest.</summary>
    /// <returns>False when it is stopping already.</returns>
    public bool BeginStop()
    {
        bool begins = !IsStopping;
        IsStopping = true;
        _notForgotten.Clear();
        return begins;
    }
}
