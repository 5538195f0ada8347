namespace Akka.Coordination;

/// <summary>
/// A lock that is held by one owner at a time, all over a cluster, and ends when its owner does not renew it. The
/// implementation (<c>lease-class</c> of its settings) has a constructor that takes <see cref="LeaseSettings"/>, or these
/// and an <see cref="Akka.Actor.ExtendedActorSystem"/>.
/// </summary>
public abstract class Lease
{
    protected Lease(LeaseSettings settings) => Settings = settings;

    public LeaseSettings Settings { get; }

    /// <returns>False when another owner holds the lease.</returns>
    /// <exception cref="LeaseException">The task's, when it can't be told.</exception>
    public abstract Task<bool> Acquire();

    /// <param name="leaseLostCallback">Called when the lease is lost later, with the cause if there is one.</param>
    public abstract Task<bool> Acquire(Action<Exception> leaseLostCallback);

    /// <returns>False when the lease was not held.</returns>
    public abstract Task<bool> Release();

    /// <summary>Whether the lease is held, as far as is known here; false is certain, true may be late.</summary>
    public abstract bool CheckLease();
}
