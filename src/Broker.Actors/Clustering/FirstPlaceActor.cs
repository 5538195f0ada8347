using Akka.Actor;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Clustering;

/// <summary>
/// Runs beside the coordinator: keeps its node the first that the registry names. Whoever takes that place reaches none of the cluster's nodes, and would begin one of its own beside it: that
/// this one lives it learns when it loses the place again (<see cref="FirstClaim"/>). A look does not wait for the one before: one request that got stuck does not put the next ones off.
/// </summary>
internal sealed class FirstPlaceActor : ReceiveActor, IWithTimers, IDisposable
{
    // A look is two requests, each given up after 5 s: so many begin until then.
    private const int MostLooks = 4;

    private readonly NodeRegistry _registry;
    private readonly NodeEntry _entry;
    private readonly TimeSpan _every;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private string? _known;
    private int _looks;
    private bool _isBroken;
    private long _lastTick;

    /// <param name="registry">The cluster's.</param>
    /// <param name="entry">Of this node's start.</param>
    /// <param name="every">How often it looks, <see cref="FirstClaim.DefendEvery"/> at most.</param>
    /// <param name="clock">The node's.</param>
    /// <param name="log">Where it says that a node seems to be cut off.</param>
    public FirstPlaceActor(NodeRegistry registry, NodeEntry entry, TimeSpan every, TimeProvider clock, ILogger log)
    {
        (_registry, _entry, _every, _clock, _log) = (registry, entry, every, clock, log);
        Receive<FirstPlace>(OnKept);
        Receive<Status.Failure>(failure => OnFailed(failure.Cause));
        Receive<LookAgain>(_ => OnLookAgain());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public void Dispose() => _stopping.Dispose();

    protected override void PreStart()
    {
        Look();
        _lastTick = _clock.GetTimestamp();
        Timers.StartPeriodicTimer(nameof(LookAgain), LookAgain.Instance, _every);
    }

    // A look that is late must not take the place from the next start of this node.
    protected override void PostStop()
    {
        _stopping.Cancel();
        Dispose();
    }

    // A node that stood still may have been replaced meanwhile, and hears of that before the next look: the place is its successor's.
    private void OnLookAgain()
    {
        bool hasStoodStill = _clock.GetElapsedTime(_lastTick) > _every * 2;
        _lastTick = _clock.GetTimestamp();
        if (!hasStoodStill)
        {
            Look();
        }
    }

    private void Look()
    {
        if (_looks < MostLooks)
        {
            _looks++;
            _registry.KeepFirstAsync(_entry, _known, _stopping.Token).AsTask().PipeTo(Self);
        }
    }

    private void OnKept(FirstPlace place)
    {
        _looks--;
        _known = place.ETag;

        // It is claimed once a minute as long as that lasts.
        if (place.IsTakenBack)
        {
            FirstPlaceLog.CutOff(_log);
        }
    }

    // Asked again: a claim stands for longer. That the store is away is said elsewhere.
    private void OnFailed(Exception cause)
    {
        _looks--;
        if (!_isBroken && cause is not StorageException { Kind: StorageErrorKind.Unavailable })
        {
            _isBroken = true;
            FirstPlaceLog.NotKept(_log, cause.Message);
        }
    }

    private sealed record LookAgain
    {
        public static readonly LookAgain Instance = new();
    }
}

internal static partial class FirstPlaceLog
{
    [LoggerMessage(EventId = 5404, EventName = "NodeCutOff", Level = LogLevel.Warning, Message = "A node that starts reaches the object store and none of the other nodes: it waits until it reaches them, and its log says which one it is (ClusterOutOfReach). If this comes again, each minute, look at the network between it and them, and at its cluster.address")]
    public static partial void CutOff(ILogger log);

    [LoggerMessage(EventId = 5406, EventName = "FirstPlaceNotKept", Level = LogLevel.Error, Message = "The object store cannot be told that this cluster lives ({Problem}): a start that reaches none of its nodes may begin another one")]
    public static partial void NotKept(ILogger log, string problem);
}
