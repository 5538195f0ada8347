using Akka.Actor;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Coordination;

/// <summary>
/// Owns the metadata log: every change of topics, streams, objects and ids goes through here. What arrives while a
/// commit is under way goes into the next one (group commit); replies leave when the change is durable and this node
/// has taken it in.
///
/// C1. A reply of success follows the commit that holds the change.
/// C2. Commands are judged against an image that holds everything before them, committed or under way.
/// C3. Fenced by another coordinator, it commits nothing more and stops.
/// C4. A commit in doubt, and a log that was gone and is back, are settled without another command.
/// </summary>
internal sealed class CoordinatorActor : ReceiveActor, IWithTimers
{
    // Nothing else is asked of the store meanwhile; whoever restores a log sees within this that it serves.
    private static readonly TimeSpan SettleAfter = TimeSpan.FromSeconds(5);

    private readonly MetadataLog _metadata;
    private readonly CoordinatorServices _services;
    private readonly CommandPlanner _planner;
    private readonly List<MetadataEvent> _events = [];
    private readonly List<(IActorRef To, object Message)> _replies = [];
    private bool _committing;
    private bool _failing;
    private bool _snapshotsFail;

    // The newest image that the manager was told of.
    private MetadataImage _told;

    public CoordinatorActor(MetadataLog metadata, CoordinatorServices services)
    {
        (_metadata, _services) = (metadata, services);
        _told = metadata.Image;
        _planner = new CommandPlanner(_told, services);
        Receive<Committed>(OnCommitted);
        Receive<CommitFailed>(OnCommitFailed);
        Receive<Settle>(_ => OnSettle());
        Receive<Settled>(settled => OnSettled(settled.Image));
        ReceiveAny(Plan);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private void Plan(object command)
    {
        CommandPlan? plan;
        try
        {
            plan = _planner.Plan(command);
        }
        catch (Exception cause) when (cause is StorageException or InvalidOperationException or ArgumentException)
        {
            // Only this command is at fault. A restart would forget the replies that others wait for.
            CoordinatorLog.CommandImpossible(_services.Log, cause, command.GetType().Name);
            Sender.Tell(new CommandFailed(StorageErrorKind.Invalid, cause.Message));
            return;
        }

        if (plan is null)
        {
            Unhandled(command);
            return;
        }

        _events.AddRange(plan.Events);
        _replies.Add((Sender, plan.Reply));
        CommitNext();
    }

    private void CommitNext()
    {
        if (_committing || _replies.Count == 0)
        {
            return;
        }

        MetadataEvent[] events = [.. _events];
        (IActorRef, object)[] replies = [.. _replies];
        _events.Clear();
        _replies.Clear();
        if (events.Length == 0)
        {
            _services.Manager.Tell(new ImageCommitted(_metadata.Image, replies));
            return;
        }

        _committing = true;
        _metadata.CommitAsync(events, CancellationToken.None).AsTask().PipeTo(
            Self,
            success: image => new Committed(image, replies),
            failure: cause => new CommitFailed(cause, replies));
    }

    private void OnCommitted(Committed committed)
    {
        _committing = false;
        OnHealthy();
        TellOfSnapshots();
        _told = committed.Image;
        _services.Manager.Tell(new ImageCommitted(committed.Image, [.. committed.Replies.Select(reply => (reply.To, Complete(reply.Message, committed.Image)))]));
        CommitNext();
    }

    private void OnHealthy()
    {
        if (_failing)
        {
            _failing = false;
            CoordinatorLog.CommitsResumed(_services.Log);
        }
    }

    // A snapshot is written beside the commits: of a failure the next one that succeeds knows. Until it is made good, starts take longer.
    private void TellOfSnapshots()
    {
        StorageException? failure = _metadata.SnapshotFailure;
        if (failure is not null && !_snapshotsFail)
        {
            CoordinatorLog.SnapshotFailed(_services.Log, failure.Kind, failure.Message);
        }

        _snapshotsFail = failure is not null;
    }

    // Replies that show the image were planned before there was one.
    private static object Complete(object reply, MetadataImage image) => reply switch
    {
        StreamsOpened opened => opened with { Image = image },
        StreamsAreClosed => new StreamsAreClosed(image),
        StreamsTrimmed => new StreamsTrimmed(image),
        CompactionCommitted => new CompactionCommitted(image),
        ObjectIdsAreClosed => new ObjectIdsAreClosed(image),
        _ => reply,
    };

    private void OnCommitFailed(CommitFailed failed)
    {
        _committing = false;
        StorageErrorKind kind = failed.Cause is StorageException storage ? storage.Kind : StorageErrorKind.Unavailable;
        if (!_failing)
        {
            _failing = true;
            CoordinatorLog.CommitFailed(_services.Log, kind, failed.Cause.Message);
        }

        CommandFailed answer = new(kind, failed.Cause.Message);

        // What was planned behind the failed commit built on it.
        foreach ((IActorRef to, object _) in failed.Replies.Concat(_replies))
        {
            to.Tell(answer);
        }

        JudgeAnew();
        if (kind == StorageErrorKind.Fenced)
        {
            Context.Stop(Self);
            _services.OnFenced(failed.Cause);
        }
        else if (_metadata.Failure is not null)
        {
            Timers.StartSingleTimer(nameof(Settle), Settle.Instance, SettleAfter);
        }
    }

    private void JudgeAnew()
    {
        _events.Clear();
        _replies.Clear();
        _planner.Reset(_metadata.Image);
        if (!ReferenceEquals(_told, _metadata.Image))
        {
            // A commit that was in doubt has turned out to hold (M5 of the metadata log).
            _told = _metadata.Image;
            _services.Manager.Tell(new ImageCommitted(_told, []));
        }
    }

    private void OnSettle()
    {
        if (_committing || _metadata.Failure is null)
        {
            return;
        }

        _committing = true;
        _metadata.SettleAsync(CancellationToken.None).AsTask().PipeTo(Self, success: image => new Settled(image), failure: cause => new CommitFailed(cause, []));
    }

    private void OnSettled(MetadataImage image)
    {
        _committing = false;
        OnHealthy();
        if (ReferenceEquals(_told, image))
        {
            CommitNext();
            return;
        }

        foreach ((IActorRef to, object _) in _replies)
        {
            to.Tell(new CommandFailed(StorageErrorKind.Unavailable, "the metadata have turned out to be newer than was known; ask again"));
        }

        JudgeAnew();
    }

    private sealed record Committed(MetadataImage Image, IReadOnlyList<(IActorRef To, object Message)> Replies);

    private sealed record Settle
    {
        public static readonly Settle Instance = new();
    }

    private sealed record Settled(MetadataImage Image);

    private sealed record CommitFailed(Exception Cause, IReadOnlyList<(IActorRef To, object Message)> Replies);
}

/// <summary>What the coordinator works with.</summary>
/// <param name="Manager">The node's <see cref="Partitions.PartitionManagerActor"/>.</param>
/// <param name="NewId">Gives ids that were never given before: topic ids.</param>
/// <param name="OnFenced">Called once another node has taken the metadata over: this one can serve no longer.</param>
internal sealed record CoordinatorServices(IActorRef Manager, NodeId Node, TimeProvider Clock, Func<Guid> NewId, ILogger Log, Action<Exception> OnFenced);

internal static partial class CoordinatorLog
{
    [LoggerMessage(EventId = 5002, EventName = "CommandImpossible", Level = LogLevel.Error, Message = "A {Command} command does not fit the metadata")]
    public static partial void CommandImpossible(ILogger log, Exception cause, string command);

    [LoggerMessage(EventId = 5001, EventName = "MetadataCommitFailed", Level = LogLevel.Error, Message = "Committing metadata fails ({Kind}): {Problem}")]
    public static partial void CommitFailed(ILogger log, StorageErrorKind kind, string problem);

    [LoggerMessage(EventId = 5004, EventName = "MetadataSnapshotFailed", Level = LogLevel.Warning, Message = "Writing a snapshot of the metadata fails ({Kind}), and is tried again with the next commits: {Problem}")]
    public static partial void SnapshotFailed(ILogger log, StorageErrorKind kind, string problem);

    [LoggerMessage(EventId = 5003, EventName = "MetadataCommitsResumed", Level = LogLevel.Warning, Message = "Metadata are committed again")]
    public static partial void CommitsResumed(ILogger log);
}
