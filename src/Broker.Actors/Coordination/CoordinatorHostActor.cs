using Akka.Actor;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Coordination;

/// <summary>
/// The cluster's coordinator, wherever it runs: takes the metadata log over, which ends the one before, and has a <see cref="CoordinatorActor"/> work on it. Until then requests wait;
/// those who ask know how long they do, and nodes that listen are known to the coordinator from its beginning. Fenced by another one, it stops; after whatever else ends the coordinator the log is taken over anew.
/// </summary>
internal sealed class CoordinatorHostActor : ReceiveActor, IWithStash, IWithTimers
{
    /// <summary>Nodes of one cluster are fewer. Who is beyond that attaches again soon.</summary>
    private const int MostAttaching = 1_000;

    private readonly CoordinatorHostServices _services;

    // The newest of each node: it comes again and again, for as long as this takes.
    private readonly Dictionary<IActorRef, AttachFollower> _attaching = [];
    private Trouble _told;

    public CoordinatorHostActor(CoordinatorHostServices services)
    {
        _services = services;
        Opening();
    }

    private enum Trouble
    {
        None,
        NotOpen,
        Broken,
    }

    public IStash Stash { get; set; } = null!;

    public ITimerScheduler Timers { get; set; } = null!;

    // One that breaks is made anew with the log: what it had planned is not to be trusted.
    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    protected override void PreStart() => Open();

    private void Opening()
    {
        ReceiveOutcome();
        ReceiveAny(_ => Stash.Stash());
    }

    // Whoever asks hears why, and a start ends with it.
    private void Broken(CommandFailed answer)
    {
        ReceiveOutcome();
        Receive<CoordinatorRequest>(request => Sender.Tell(new CoordinatorAnswer(-1, -1, null, null, [(request.Id, answer)])));
    }

    private void Serving(IActorRef coordinator, MetadataLog log)
    {
        Receive<Terminated>(_ => OnEnded(log));
        ReceiveAny(message => coordinator.Forward(message));
    }

    private void ReceiveOutcome()
    {
        Receive<MetadataLog>(OnOpened);
        Receive<OpenFailed>(OnFailed);
        Receive<OpenAgain>(_ => Open());
        Receive<AttachFollower>(OnAttach);
    }

    private void OnAttach(AttachFollower attach)
    {
        if (_attaching.Count < MostAttaching || _attaching.ContainsKey(Sender))
        {
            _attaching[Sender] = attach;
        }
    }

    private void Open() => _services.OpenAsync().PipeTo(Self, failure: cause => new OpenFailed(cause));

    private void OpenLater(TimeSpan after) => Timers.StartSingleTimer(nameof(OpenAgain), OpenAgain.Instance, after);

    private void OnFailed(OpenFailed failed)
    {
        Trouble trouble = failed.Cause is StorageException { Kind: StorageErrorKind.Unavailable or StorageErrorKind.Fenced } ? Trouble.NotOpen : Trouble.Broken;
        bool isNew = _told != trouble;
        _told = trouble;
        if (trouble == Trouble.NotOpen)
        {
            if (isNew)
            {
                CoordinatorHostLog.NotOpen(_services.Log, failed.Cause.Message, _services.OpenAgainAfter);
            }

            OpenLater(_services.OpenAgainAfter);
            return;
        }

        if (isNew)
        {
            CoordinatorHostLog.Broken(_services.Log, failed.Cause, _services.MendedAfter);
        }

        Become(() => Broken(new CommandFailed((failed.Cause as StorageException)?.Kind ?? StorageErrorKind.Unavailable, failed.Cause.Message)));
        Stash.UnstashAll();
        OpenLater(_services.MendedAfter);
    }

    private void OnOpened(MetadataLog log)
    {
        _told = Trouble.None;
        CoordinatorHostLog.Opened(_services.Log, log.Epoch);
        IActorRef coordinator = Context.ActorOf(Props.Create(() => new CoordinatorActor(log, _services.Coordinator)));
        Context.Watch(coordinator);
        Become(() => Serving(coordinator, log));
        Stash.UnstashAll();

        // Behind the requests that came before: else these would be taken for lost.
        foreach ((IActorRef follower, AttachFollower attach) in _attaching)
        {
            Self.Tell(attach, follower);
        }

        _attaching.Clear();
    }

    private void OnEnded(MetadataLog log)
    {
        bool isFenced = log.Failure is { Kind: StorageErrorKind.Fenced };
        log.Dispose();
        if (isFenced)
        {
            Context.Stop(Self);
            return;
        }

        CoordinatorHostLog.MadeAnew(_services.Log, _services.OpenAgainAfter);
        Become(Opening);
        OpenLater(_services.OpenAgainAfter);
    }

    private sealed record OpenFailed(Exception Cause);

    private sealed record OpenAgain
    {
        public static readonly OpenAgain Instance = new();
    }
}

/// <summary>What a <see cref="CoordinatorHostActor"/> works with.</summary>
/// <param name="OpenAsync">Takes the metadata log over.</param>
/// <param name="Coordinator">Of the coordinator.</param>
internal sealed record CoordinatorHostServices(Func<Task<MetadataLog>> OpenAsync, CoordinatorServices Coordinator, ILogger Log)
{
    /// <summary>A store that comes back is noticed within this; a coordinator that breaks again and again does so no more often.</summary>
    public TimeSpan OpenAgainAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Damage that somebody has mended is noticed within this.</summary>
    public TimeSpan MendedAfter { get; init; } = TimeSpan.FromSeconds(10);
}

internal static partial class CoordinatorHostLog
{
    [LoggerMessage(EventId = 5301, EventName = "CoordinatorOpened", Level = LogLevel.Information, Message = "This node coordinates the cluster now, under epoch {Epoch} of the metadata log")]
    public static partial void Opened(ILogger log, long epoch);

    [LoggerMessage(EventId = 5302, EventName = "CoordinatorNotOpen", Level = LogLevel.Warning, Message = "The metadata log cannot be taken over yet ({Problem}); it is tried again every {Delay}")]
    public static partial void NotOpen(ILogger log, string problem, TimeSpan delay);

    [LoggerMessage(EventId = 5303, EventName = "CoordinatorBroken", Level = LogLevel.Error, Message = "The metadata log cannot be taken over: nothing can be changed until that is mended; it is tried again every {Delay}")]
    public static partial void Broken(ILogger log, Exception cause, TimeSpan delay);

    [LoggerMessage(EventId = 5304, EventName = "CoordinatorMadeAnew", Level = LogLevel.Error, Message = "The coordinator has failed, for the reason logged before; another one takes its place after {Delay}")]
    public static partial void MadeAnew(ILogger log, TimeSpan delay);
}
