using Akka.Actor;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Coordination;

/// <summary>
/// Owns the metadata log: every change of topics, streams, objects and ids goes through here. What arrives while a
/// commit is under way goes into the next one (group commit). Nodes follow it (<see cref="MetadataClientActor"/>): each hears of every commit, with the answers to its own commands.
///
/// C1. A reply of success follows the commit that holds the change.
/// C2. Commands are judged against an image that holds everything before them, committed or under way.
/// C3. Fenced by another coordinator, it commits nothing more and stops; it looks for that while there is nothing to commit.
/// C4. A commit in doubt, and a log that was gone and is back, are settled without another command.
/// C5. A closing that comes before its stream's last upload is committed with that, or, when it does not come in time, answered without.
/// </summary>
internal sealed class CoordinatorActor : ReceiveActor, IWithTimers
{
    // Nothing else is asked of the store meanwhile; whoever restores a log sees within this that it serves.
    private static readonly TimeSpan SettleAfter = TimeSpan.FromSeconds(5);

    // Producers wait meanwhile. Who closes gives its upload a little less.
    private static readonly TimeSpan AwaitUploadFor = TimeSpan.FromSeconds(3);

    private readonly MetadataLog _metadata;
    private readonly CoordinatorServices _services;
    private readonly CommandPlanner _planner;
    private readonly List<MetadataEvent> _events = [];
    private readonly List<Reply> _replies = [];
    private readonly HashSet<IActorRef> _followers = [];
    private readonly EarlyClosings _early = new();
    private readonly RecentCommits _recent = new();
    private IReadOnlyList<Reply> _underWay = [];
    private bool _committing;

    // The commit under way began on a log of which nothing was in doubt.
    private bool _isSure;
    private bool _failing;
    private bool _snapshotsFail;

    // The newest image that followers were told of.
    private MetadataImage _told;

    public CoordinatorActor(MetadataLog metadata, CoordinatorServices services)
    {
        (_metadata, _services) = (metadata, services);
        _told = metadata.Image;
        _planner = new CommandPlanner(_told, services);
        Receive<Committed>(OnCommitted);
        Receive<CommitFailed>(OnCommitFailed);
        Receive<Settle>(_ => OnSettle());
        Receive<LookAhead>(_ => OnLookAhead());
        Receive<Looked>(_ => OnLooked());
        Receive<Settled>(settled => OnSettled(settled.Image));
        Receive<AttachFollower>(OnAttach);
        Receive<Terminated>(gone => OnGone(gone.ActorRef));
        Receive<EarlyClosing>(OnAwaitedLong);
        Receive<CoordinatorRequest>(OnRequest);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => LookAheadLater();

    private void OnAttach(AttachFollower attach)
    {
        if (_followers.Add(Sender))
        {
            Context.Watch(Sender);
        }

        Sender.Tell(new MetadataLoss(_metadata.Loss?.Message));
        if (attach.Version < _told.Version)
        {
            TellMissed(Sender, attach.Version);
        }

        if (attach.NewestRequest > 0)
        {
            Sender.Tell(new RequestsKnown(attach.NewestRequest, [.. _underWay.Concat(_replies).Where(reply => reply.Client.Equals(Sender)).Select(reply => reply.Id), .. _early.Of(Sender)]));
        }
    }

    private void TellMissed(IActorRef follower, long version)
    {
        IReadOnlyList<RecentCommit> missed = _recent.Since(version);
        foreach (RecentCommit commit in missed)
        {
            follower.Tell(new CoordinatorAnswer(commit.PreviousVersion, commit.Version, commit.Batch, null, []));
        }

        if (missed.Count == 0)
        {
            follower.Tell(new CoordinatorAnswer(_told.Version, _told.Version, null, _told, []));
        }
    }

    private void OnGone(IActorRef follower)
    {
        _followers.Remove(follower);
        _early.Forget(follower);
    }

    private void OnRequest(CoordinatorRequest request)
    {
        if (request.Command is CloseStreams close && _planner.AwaitsUpload(close))
        {
            EarlyClosing early = new(Sender, request);
            _early.Add(early);
            Timers.StartSingleTimer(early, early, AwaitUploadFor);
            return;
        }

        Plan(Sender, request);
        foreach (EarlyClosing early in _early.TakeReady(_planner))
        {
            Timers.Cancel(early);
            Plan(early.Client, early.Request);
        }

        CommitNext();
    }

    private void OnAwaitedLong(EarlyClosing early)
    {
        if (_early.Remove(early))
        {
            Plan(early.Client, early.Request);
            CommitNext();
        }
    }

    private void Plan(IActorRef client, CoordinatorRequest request)
    {
        CommandPlan? plan;
        try
        {
            plan = _planner.Plan(request.Command);
        }
        catch (Exception cause) when (cause is StorageException or InvalidOperationException or ArgumentException)
        {
            // Only this command is at fault. A restart would forget the replies that others wait for.
            CoordinatorLog.CommandImpossible(_services.Log, cause, request.Command.GetType().Name);
            Fail([new Reply(client, request.Id, request)], new CommandFailed(StorageErrorKind.Invalid, cause.Message));
            return;
        }

        if (plan is null)
        {
            Unhandled(request.Command);
            return;
        }

        _events.AddRange(plan.Events);
        _replies.Add(new Reply(client, request.Id, plan.Reply));
    }

    private void CommitNext()
    {
        if (_committing || _replies.Count == 0)
        {
            return;
        }

        MetadataBatch batch = new(_services.Clock.GetUtcNow().ToUnixTimeMilliseconds(), [.. _events]);
        Reply[] replies = [.. _replies];
        _events.Clear();
        _replies.Clear();
        if (batch.Events.Count == 0)
        {
            Answer(_told.Version, null, replies);
            return;
        }

        _committing = true;
        _isSure = _metadata.Failure is null;
        _underWay = replies;
        _metadata.CommitAsync(batch, CancellationToken.None).AsTask().PipeTo(
            Self,
            success: image => new Committed(image, batch, replies),
            failure: cause => new CommitFailed(cause, replies));
    }

    private void OnCommitted(Committed committed)
    {
        _committing = false;
        _underWay = [];
        LookAheadLater();
        OnHealthy();
        TellOfSnapshots();
        long before = _told.Version;
        _told = committed.Image;
        _recent.Add(new RecentCommit(before, _told.Version, committed.Batch));
        Answer(before, committed.Batch, committed.Replies);
        CommitNext();
    }

    // Each follower hears of the commit and of its own replies by one message.
    private void Answer(long previousVersion, MetadataBatch? batch, IReadOnlyList<Reply> replies)
    {
        ILookup<IActorRef, Reply> byClient = replies.ToLookup(reply => reply.Client);
        foreach (IActorRef client in batch is null && previousVersion == _told.Version ? byClient.Select(one => one.Key) : _followers.Union(byClient.Select(one => one.Key)))
        {
            client.Tell(new CoordinatorAnswer(previousVersion, _told.Version, batch, _told, [.. byClient[client].Select(reply => (reply.Id, reply.Message))]));
        }
    }

    private void Fail(IEnumerable<Reply> replies, CommandFailed failure) => Answer(_told.Version, null, [.. replies.Select(reply => reply with { Message = failure })]);

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

    private void OnCommitFailed(CommitFailed failed)
    {
        _committing = false;
        _underWay = [];
        LookAheadLater();
        StorageErrorKind kind = failed.Cause is StorageException storage ? storage.Kind : StorageErrorKind.Unavailable;
        if (!_failing)
        {
            _failing = true;
            CoordinatorLog.CommitFailed(_services.Log, kind, failed.Cause.Message);
        }

        CommandFailed answer = new(kind, failed.Cause.Message);

        // What was planned behind the failed commit built on it, and was not written.
        Fail(failed.Replies, answer with { IsInDoubt = _isSure && kind == StorageErrorKind.Unavailable && _metadata.Failure is not null });
        Fail(_replies, answer);
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
            long before = _told.Version;
            _told = _metadata.Image;
            _recent.Clear();
            Answer(before, null, []);
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
        LookAheadLater();
        OnHealthy();
        if (ReferenceEquals(_told, image))
        {
            CommitNext();
            return;
        }

        Fail(_replies, new CommandFailed(StorageErrorKind.Unavailable, "the metadata have turned out to be newer than was known; ask again"));
        JudgeAnew();
    }

    // Each commit puts it off: it finds out itself.
    private void LookAheadLater() => Timers.StartSingleTimer(nameof(LookAhead), LookAhead.Instance, _services.LookAheadEvery);

    private void OnLookAhead()
    {
        if (!_committing)
        {
            _metadata.LookAheadAsync(CancellationToken.None).AsTask().PipeTo(Self, success: () => Looked.Instance, failure: _ => Looked.Instance);
        }
    }

    // What was found stands in the log. A store that did not answer is asked again by the next look.
    private void OnLooked()
    {
        LookAheadLater();
        if (!_committing && _metadata.Failure is { Kind: StorageErrorKind.Fenced or StorageErrorKind.Corrupt } failure)
        {
            OnCommitFailed(new CommitFailed(failure, []));
        }
    }

    private sealed record LookAhead
    {
        public static readonly LookAhead Instance = new();
    }

    private sealed record Looked
    {
        public static readonly Looked Instance = new();
    }

    private sealed record Committed(MetadataImage Image, MetadataBatch Batch, IReadOnlyList<Reply> Replies);

    private sealed record Reply(IActorRef Client, long Id, object Message);

    private sealed record Settle
    {
        public static readonly Settle Instance = new();
    }

    private sealed record Settled(MetadataImage Image);

    private sealed record CommitFailed(Exception Cause, IReadOnlyList<Reply> Replies);
}

/// <summary>What the coordinator works with.</summary>
/// <param name="NewId">Gives ids that were never given before: topic ids.</param>
/// <param name="OnFenced">Called once another node has taken the metadata over: this one can serve no longer.</param>
internal sealed record CoordinatorServices(NodeId Node, TimeProvider Clock, Func<Guid> NewId, ILogger Log, Action<Exception> OnFenced)
{
    /// <summary>How often it is looked for another coordinator while there is nothing to commit: two requests each. Nodes that were all replaced show what is old for no longer.</summary>
    public TimeSpan LookAheadEvery { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>Who gets what others let go of.</summary>
    public NextSeats Seats { get; init; } = new();
}

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
