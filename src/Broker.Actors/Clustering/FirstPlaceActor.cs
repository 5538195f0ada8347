using Akka.Actor;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Clustering;

/// <summary>
/// Runs beside the coordinator: keeps its node the first that the registry names. Whoever takes that place reaches none of the cluster's nodes, and would begin one of its own beside it: that
/// this one lives it learns when it loses the place again (<see cref="FirstClaim"/>).
/// </summary>
internal sealed class FirstPlaceActor : ReceiveActor, IWithTimers
{
    private readonly NodeRegistry _registry;
    private readonly NodeEntry _entry;
    private readonly ILogger _log;
    private FirstPlace? _place;
    private Guid _named;
    private bool _isBroken;

    /// <param name="registry">The cluster's.</param>
    /// <param name="entry">Of this node's start.</param>
    /// <param name="log">Where it says who seems to be cut off.</param>
    public FirstPlaceActor(NodeRegistry registry, NodeEntry entry, ILogger log)
    {
        (_registry, _entry, _log) = (registry, entry, log);
        Receive<FirstPlace>(OnKept);
        Receive<Status.Failure>(failure => OnFailed(failure.Cause));
        Receive<LookAgain>(_ => Look());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Look();

    private void Look() => _registry.KeepFirstAsync(_entry, _place?.ETag, CancellationToken.None).AsTask().PipeTo(Self);

    private void OnKept(FirstPlace place)
    {
        // Who was the first before this node coordinated is of no interest.
        if (_place is not null && place.TakenFrom is { } other && other.Incarnation != _named)
        {
            _named = other.Incarnation;
            FirstPlaceLog.CutOff(_log, other.Node.Value, other.Address);
        }

        _place = place;
        LookLater();
    }

    // What does not answer now is asked again: a claim stands for longer. That the store is away is said elsewhere.
    private void OnFailed(Exception cause)
    {
        if (!_isBroken && cause is not StorageException { Kind: StorageErrorKind.Unavailable })
        {
            _isBroken = true;
            FirstPlaceLog.NotKept(_log, cause.Message);
        }

        LookLater();
    }

    private void LookLater() => Timers.StartSingleTimer(nameof(LookAgain), LookAgain.Instance, FirstClaim.DefendEvery);

    private sealed record LookAgain
    {
        public static readonly LookAgain Instance = new();
    }
}

internal static partial class FirstPlaceLog
{
    [LoggerMessage(EventId = 5404, EventName = "NodeCutOff", Level = LogLevel.Warning, Message = "Node {Node} at {Address} reaches the object store and none of the other nodes: it waits until it reaches them. Look at the network between it and them, and at its cluster.address")]
    public static partial void CutOff(ILogger log, int node, string address);

    [LoggerMessage(EventId = 5406, EventName = "FirstPlaceNotKept", Level = LogLevel.Error, Message = "The object store cannot be told that this cluster lives ({Problem}): a start that reaches none of its nodes may begin another one")]
    public static partial void NotKept(ILogger log, string problem);
}
