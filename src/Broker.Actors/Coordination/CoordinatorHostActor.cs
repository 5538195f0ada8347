using Akka.Actor;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Coordination;

/// <summary>
/// The cluster's coordinator, wherever it runs: takes the metadata log over, which ends the one before, and has a <see cref="CoordinatorActor"/> work on it. Until then requests wait;
/// those who ask know how long they do. Fenced by another one, it stops.
/// </summary>
internal sealed class CoordinatorHostActor : ReceiveActor, IWithStash, IWithTimers
{
    // A store that comes back is noticed within this.
    private static readonly TimeSpan OpenAgainAfter = TimeSpan.FromSeconds(1);

    private readonly CoordinatorHostServices _services;
    private bool _failing;

    public CoordinatorHostActor(CoordinatorHostServices services)
    {
        _services = services;
        Receive<MetadataLog>(OnOpened);
        Receive<OpenFailed>(OnFailed);
        Receive<OpenAgain>(_ => Open());
        ReceiveAny(_ => Stash.Stash());
    }

    public IStash Stash { get; set; } = null!;

    public ITimerScheduler Timers { get; set; } = null!;

    // One that breaks is made anew with the log: what it had planned is not to be trusted.
    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    protected override void PreStart() => Open();

    private void Open() => _services.OpenAsync().PipeTo(Self, failure: cause => new OpenFailed(cause));

    private void OnFailed(OpenFailed failed)
    {
        if (failed.Cause is StorageException { Kind: StorageErrorKind.Unavailable or StorageErrorKind.Fenced } cause)
        {
            if (!_failing)
            {
                _failing = true;
                CoordinatorHostLog.NotOpen(_services.Log, cause.Message, OpenAgainAfter);
            }

            Timers.StartSingleTimer(nameof(OpenAgain), OpenAgain.Instance, OpenAgainAfter);
            return;
        }

        // Whoever asks hears why, and a start ends with it.
        CommandFailed answer = new((failed.Cause as StorageException)?.Kind ?? StorageErrorKind.Unavailable, failed.Cause.Message);
        CoordinatorHostLog.Broken(_services.Log, failed.Cause);
        Become(() => Receive<CoordinatorRequest>(request => Sender.Tell(new CoordinatorAnswer(-1, -1, null, null, [(request.Id, answer)]))));
        Stash.UnstashAll();
    }

    private void OnOpened(MetadataLog log)
    {
        CoordinatorHostLog.Opened(_services.Log, log.Epoch);
        IActorRef coordinator = Context.ActorOf(Props.Create(() => new CoordinatorActor(log, _services.Coordinator)), "coordinator");
        Context.Watch(coordinator);
        Become(() =>
        {
            Receive<Terminated>(_ =>
            {
                log.Dispose();
                Context.Stop(Self);
            });
            ReceiveAny(message => coordinator.Forward(message));
        });
        Stash.UnstashAll();
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
internal sealed record CoordinatorHostServices(Func<Task<MetadataLog>> OpenAsync, CoordinatorServices Coordinator, ILogger Log);

internal static partial class CoordinatorHostLog
{
    [LoggerMessage(EventId = 5301, EventName = "CoordinatorOpened", Level = LogLevel.Information, Message = "This node coordinates the cluster now, under epoch {Epoch} of the metadata log")]
    public static partial void Opened(ILogger log, long epoch);

    [LoggerMessage(EventId = 5302, EventName = "CoordinatorNotOpen", Level = LogLevel.Warning, Message = "The metadata log cannot be taken over yet ({Problem}); it is tried again every {Delay}")]
    public static partial void NotOpen(ILogger log, string problem, TimeSpan delay);

    [LoggerMessage(EventId = 5303, EventName = "CoordinatorBroken", Level = LogLevel.Error, Message = "The metadata log cannot be taken over: nothing can be changed until that is mended and the node is started again")]
    public static partial void Broken(ILogger log, Exception cause);
}
