namespace Broker.Actors.Connections;

/// <summary>A reply of another actor to one request of a connection.</summary>
public interface IRequestReply
{
    /// <summary>The <see cref="RequestExchange.Key"/> that the request's messages carried.</summary>
    long RequestKey { get; }
}

/// <summary>A request that waits for replies of other actors. Its methods run in the connection's turns.</summary>
public abstract class PendingRequest
{
    /// <summary>Begins, where the request waits for its turn (<see cref="RequestExchange.RespondInTurn"/>).</summary>
    public virtual void Start()
    {
    }

    /// <summary>The time given with <see cref="RequestExchange.RespondAfter(PendingRequest, TimeSpan)"/> is over: answers with what there is.</summary>
    public virtual void OnTimeout()
    {
    }

    /// <summary>Takes one reply, and answers the exchange once all are there.</summary>
    public abstract void OnReply(IRequestReply reply);

    /// <summary>The connection is gone: releases what is held and tells others not to bother. Late replies still come to <see cref="Discard"/>.</summary>
    public abstract void Abandon();

    /// <summary>Releases what a reply that nobody waits for any more holds.</summary>
    public static void Discard(IRequestReply reply)
    {
        if (reply is IDisposable holder)
        {
            holder.Dispose();
        }
    }
}
