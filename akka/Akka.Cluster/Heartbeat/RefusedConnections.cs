using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Remote;

namespace Akka.Cluster;

/// <summary>
/// Knows of nodes whose ports refuse connections, again and again: their machines say that nobody listens there, which silence does not say. Safe from any thread.
/// </summary>
/// <param name="patience">How long after its first refusal a node counts as gone; null: never.</param>
/// <param name="clock">For tests.</param>
internal sealed class RefusedConnections(TimeSpan? patience, Clock? clock = null)
{
    /// <summary>One alone may be of a moment in between.</summary>
    private const int Fewest = 2;

    private readonly ConcurrentDictionary<Address, (long FirstMs, int Times)> _refusals = new();
    private readonly Clock _clock = clock ?? FailureDetector.DefaultClock;

    /// <summary>A connection to the node was refused.</summary>
    public void Refused(Address node) => _refusals.AddOrUpdate(node, _ => (_clock(), 1), (_, before) => (before.FirstMs, before.Times + 1));

    /// <summary>The node has answered, or is none any more: what was before counts no more.</summary>
    public void Forget(Address node) => _refusals.TryRemove(node, out _);

    /// <summary>Whether the node has refused for so long, and was not heard meanwhile.</summary>
    public bool IsGone(Address node) =>
        patience is { } time && _refusals.TryGetValue(node, out (long FirstMs, int Times) refusals) && refusals.Times >= Fewest && _clock() - refusals.FirstMs >= time.TotalMilliseconds;
}
