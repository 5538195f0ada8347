using Akka.Actor;

namespace Broker.Actors.Coordination;

/// <summary>
/// Closings that have come before the upload of the last that their leaders took. Each is planned behind that upload, for the same commit: producers of a partition that moves wait for one request
/// to the store instead of two, one behind the other.
/// </summary>
internal sealed class EarlyClosings
{
    private readonly List<EarlyClosing> _waiting = [];

    public void Add(EarlyClosing closing) => _waiting.Add(closing);

    /// <summary>False: it waits no longer.</summary>
    public bool Remove(EarlyClosing closing) => _waiting.Remove(closing);

    /// <summary>Nobody waits for the answers to that client's any more.</summary>
    public void Forget(IActorRef client) => _waiting.RemoveAll(one => one.Client.Equals(client));

    /// <summary>The requests of a client that wait.</summary>
    public IEnumerable<long> Of(IActorRef client) => _waiting.Where(one => one.Client.Equals(client)).Select(one => one.Request.Id);

    /// <summary>Those that wait for nothing now, the first that came first; they are forgotten here.</summary>
    public IReadOnlyList<EarlyClosing> TakeReady(CommandPlanner planner)
    {
        if (_waiting.Count == 0)
        {
            return [];
        }

        EarlyClosing[] ready = [.. _waiting.Where(one => !planner.AwaitsUpload((CloseStreams)one.Request.Command))];
        _waiting.RemoveAll(ready.Contains);
        return ready;
    }
}

/// <summary>A <see cref="CloseStreams"/> that waits.</summary>
/// <param name="Client">Who asked.</param>
/// <param name="Request">What.</param>
internal sealed record EarlyClosing(IActorRef Client, CoordinatorRequest Request);
