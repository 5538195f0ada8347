using Akka.Actor;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Coordination;

/// <summary>
/// Runs beside the coordinator: has the logs of nodes that are gone fenced, their streams led by others, and the logs released when everybody has what they held. Keeps nothing that the
/// metadata do not say: another one goes on where this one ends.
///
/// V1. A log is only fenced while its node's newest start is the one that is gone: who is there is looked up after the metadata that name that start, since a start is a member before it
/// registers.
/// V2. For every stream that nobody leads who is there a seat is looked for, until it is opened.
/// V3. A log is only fenced after the coordinator beside this has committed that its node has left: one that was replaced, and may see nobody, commits nothing in the log that the next one has fenced.
/// </summary>
internal sealed class FailoverActor : ReceiveActor, IWithTimers
{
    // What a commit or a membership event does not bring about: a log that could not be fenced, an assignment that got lost on its way.
    private static readonly TimeSpan CheckEvery = TimeSpan.FromMilliseconds(500);

    private readonly FailoverServices _services;
    private readonly IActorRef _beside;
    private readonly HashSet<WalId> _fencing = [];
    private readonly HashSet<WalId> _failing = [];
    private readonly PresentNodes _present;
    private bool _releasing;

    /// <param name="services">What it works with.</param>
    /// <param name="present">Who is there.</param>
    /// <param name="beside">The coordinator that ends with this.</param>
    public FailoverActor(FailoverServices services, PresentNodes present, IActorRef beside)
    {
        (_services, _present, _beside) = (services, present, beside);
        Receive<PresenceChanged>(_ => OnCheck());
        Receive<Check>(_ => OnCheck());
        Receive<FenceEnded>(OnFenceEnded);
        Receive<ReleaseEnded>(_ => _releasing = false);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Check), Check.Instance, CheckEvery);

    private void OnCheck()
    {
        MetadataImage image = _services.Metadata.Current;

        // Who is there is not known at first: nobody is taken for gone then.
        if (_present.Current is { } present)
        {
            FenceGone(image, present);
        }

        StreamId[] orphans = [.. PartitionBalance.Orphans(image)];
        if (orphans.Length > 0)
        {
            _services.Seat(orphans);
        }

        Release(image);
    }

    private void FenceGone(MetadataImage image, IReadOnlySet<NodeId> present)
    {
        AttachedWal[] logs = [.. image.Wals.Values.Where(wal => !wal.IsFenced && !present.Contains(wal.Node))];

        // Of others it is told when their logs are fenced.
        HashSet<NodeId> toldNow = [.. logs.Where(wal => !_fencing.Contains(wal.WalId)).Select(wal => wal.Node)];
        foreach (LiveNode node in image.LiveNodes.Values.Where(node => !present.Contains(node.NodeId) && !toldNow.Contains(node.NodeId)))
        {
            _services.Coordinator.Tell(new MarkNodeGone(node.NodeId, node.Epoch), ActorRefs.Nobody);
        }

        foreach (AttachedWal wal in logs.Where(wal => _fencing.Add(wal.WalId)))
        {
            long epoch = image.NodeEpochs.GetValueOrDefault(wal.Node);
            FenceAsync(wal, epoch).PipeTo(Self, failure: cause => new FenceEnded(wal, cause));
        }
    }

    private async Task<FenceEnded> FenceAsync(AttachedWal wal, long epoch)
    {
        // Past the node's client, which would ask whoever coordinates by now.
        CoordinatorAnswer answer = await _beside.Ask<CoordinatorAnswer>(new CoordinatorRequest(1, new MarkNodeGone(wal.Node, epoch)), _services.CommitPatience);
        ThrowIfFailed(answer.Replies[0].Reply);
        await _services.FenceAsync(wal, epoch, CancellationToken.None);
        ThrowIfFailed(await _services.Coordinator.Ask(new MarkWalFenced(wal.WalId, epoch), CoordinatorTimeouts.Command));
        return new FenceEnded(wal, null);
    }

    private static void ThrowIfFailed(object reply)
    {
        if (reply is CommandFailed failed)
        {
            throw new StorageException(failed.Kind, failed.Reason);
        }
    }

    private void OnFenceEnded(FenceEnded ended)
    {
        _fencing.Remove(ended.Wal.WalId);
        if (ended.Failure is null)
        {
            _failing.Remove(ended.Wal.WalId);
            if (_services.Metadata.Current.Wals.GetValueOrDefault(ended.Wal.WalId) is { IsFenced: true })
            {
                // Else its node has started anew meanwhile, and goes on with it.
                FailoverLog.Fenced(_services.Log, WalOwnership.Describe(ended.Wal));
            }

            OnCheck();
        }
        else if (_failing.Add(ended.Wal.WalId))
        {
            FailoverLog.NotFenced(_services.Log, WalOwnership.Describe(ended.Wal), ended.Failure.Message);
        }
    }

    private void Release(MetadataImage image)
    {
        if (!_releasing && WalDebts.Paid(image).Count > 0)
        {
            _releasing = true;
            _services.Coordinator.Ask(ReleasePaidWals.Instance, CoordinatorTimeouts.Command)
                .PipeTo(Self, success: _ => ReleaseEnded.Instance, failure: _ => ReleaseEnded.Instance);
        }
    }

    private sealed record Check
    {
        public static readonly Check Instance = new();
    }

    private sealed record FenceEnded(AttachedWal Wal, Exception? Failure);

    private sealed record ReleaseEnded
    {
        public static readonly ReleaseEnded Instance = new();
    }
}

/// <summary>The nodes that are in the cluster now, as far as the coordinator's node can tell. Written by one, read by any.</summary>
internal sealed class PresentNodes
{
    private volatile IReadOnlySet<NodeId>? _current;

    /// <summary>Null: not known so far, or not any more.</summary>
    public IReadOnlySet<NodeId>? Current => _current;

    public void Publish(IReadOnlySet<NodeId> nodes) => _current = nodes;

    /// <summary>Nothing is known any more.</summary>
    public void Withdraw() => _current = null;
}

/// <summary>Others are there than before.</summary>
internal sealed record PresenceChanged
{
    public static readonly PresenceChanged Instance = new();
}

/// <summary>What a <see cref="FailoverActor"/> works with.</summary>
/// <param name="Coordinator">The <see cref="MetadataClientActor"/> of its node.</param>
/// <param name="FenceAsync">Fences a log, given the epoch of its node's newest start.</param>
/// <param name="Seat">Has streams led by somebody who is there.</param>
internal sealed record FailoverServices(
    MetadataView Metadata, IActorRef Coordinator, Func<AttachedWal, long, CancellationToken, Task> FenceAsync, Action<IReadOnlyList<StreamId>> Seat, ILogger Log)
{
    /// <summary>For so long the coordinator beside it may take to commit that a node has left before it is told again: one that is made anew has lost the first word, and to hear it twice changes nothing.</summary>
    public TimeSpan CommitPatience { get; init; } = TimeSpan.FromSeconds(5);
}

internal static partial class FailoverLog
{
    [LoggerMessage(EventId = 5201, EventName = "WalFenced", Level = LogLevel.Warning, Message = "Its node is gone: {Wal} takes no more appends, and others take over what it holds")]
    public static partial void Fenced(ILogger log, string wal);

    [LoggerMessage(EventId = 5202, EventName = "WalNotFenced", Level = LogLevel.Error, Message = "Its node is gone, and {Wal} cannot be fenced ({Problem}); it is tried again, and the partitions wait")]
    public static partial void NotFenced(ILogger log, string wal, string problem);
}
