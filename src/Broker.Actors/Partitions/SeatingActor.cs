using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Partitions;

/// <summary>
/// Opens the streams that are given to this node while it runs. What others' logs hold of them is read first, all of it in one pass, and is in the log cache before the partitions
/// open.
///
/// S1. A stream is opened at the offset behind everything that its earlier leaders' logs hold, and that is in the cache before its partition serves.
/// S2. A stream that could not be opened is tried again, for as long as it is this node's to lead.
/// </summary>
internal sealed class SeatingActor : ReceiveActor, IWithTimers
{
    /// <summary>Streams of a node that died come one by one, all within a moment: one reading of its log serves them all.</summary>
    private static readonly TimeSpan GatherFor = TimeSpan.FromMilliseconds(20);

    // A store that comes back is noticed within this.
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromMilliseconds(200);

    // Somebody else's commit is waited for, of a closing or a fence. It is the node's own image that is looked at.
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(10);

    private readonly SeatingServices _services;
    private readonly Dictionary<StreamId, IActorRef> _askers = [];
    private readonly HashSet<StreamId> _due = [];
    private readonly HashSet<StreamId> _inFlight = [];

    // Whether the metadata say so or not, these may be this node's without their records: an answer that does not come may have been a commit.
    private readonly HashSet<StreamId> _unsure = [];
    private bool _failing;

    public SeatingActor(SeatingServices services)
    {
        _services = services;
        Receive<SeatStreams>(OnSeat);
        Receive<UnseatStreams>(OnUnseat);
        Receive<SeatAnew>(OnSeatAnew);
        Receive<OpenDue>(_ => OnDue());
        Receive<Opened>(OnOpened);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private void OnSeat(SeatStreams seat)
    {
        // Whoever looks for a seat for it asks for no answer, and takes nobody's away.
        foreach (StreamId stream in seat.Streams.Where(stream => !_askers.ContainsKey(stream) || !Sender.Equals(Context.System.DeadLetters)))
        {
            _askers[stream] = Sender;
        }

        Add(seat.Streams);
    }

    private void OnSeatAnew(SeatAnew seat)
    {
        // What is on its way to be opened comes under a new epoch as well.
        MetadataImage image = _services.Metadata.Current;
        StreamId[] streams = [.. seat.Streams.Where(one => !_inFlight.Contains(one.Stream) && image.FindStream(one.Stream)?.Epoch == one.Epoch).Select(one => one.Stream)];
        _unsure.UnionWith(streams);
        Add(streams);
    }

    private void Add(IReadOnlyList<StreamId> streams)
    {
        _due.UnionWith(streams.Where(stream => !_inFlight.Contains(stream)));
        if (_inFlight.Count > 0 || Timers.IsTimerActive(nameof(OpenDue)))
        {
            return;
        }

        MetadataImage image = _services.Metadata.Current;
        if (streams.Select(image.FindStream).OfType<StreamState>().Any(stream => WalDebts.Before(image, stream, _services.Wal).Count > 0))
        {
            Timers.StartSingleTimer(nameof(OpenDue), OpenDue.Instance, GatherFor);
        }
        else
        {
            // With those that are behind this message in the mailbox.
            Self.Tell(OpenDue.Instance);
        }
    }

    private void OnUnseat(UnseatStreams unseat)
    {
        foreach (StreamId stream in unseat.Streams)
        {
            _askers[stream] = Sender;
            if (_inFlight.Contains(stream) || _unsure.Contains(stream) || !_services.Metadata.Current.HasMade(stream))
            {
                // The answer comes when it is known.
                continue;
            }

            _due.Remove(stream);
            Answer(stream, IsLed(_services.Metadata.Current.FindStream(stream)));
        }
    }

    private bool IsLed(StreamState? stream) => stream is not null && stream.Leader == _services.Node && stream.Wal == _services.Wal;

    private void Answer(StreamId stream, bool isLed)
    {
        if (_askers.Remove(stream, out IActorRef? asker))
        {
            asker.Tell(isLed ? new Seated(stream) : new NotSeated(stream));
        }
    }

    private void OnDue()
    {
        if (_inFlight.Count > 0)
        {
            return;
        }

        MetadataImage image = _services.Metadata.Current;
        StreamState[] streams = [.. TakeReady(image)];
        if (streams.Length == 0)
        {
            LookAgain(LookAgainAfter);
            return;
        }

        StreamId[] asked = [.. streams.Select(stream => stream.StreamId)];
        _inFlight.UnionWith(asked);
        _services.Manager.Tell(new HoldStreams(asked));
        OpenAsync(image, streams).PipeTo(Self);
    }

    private List<StreamState> TakeReady(MetadataImage image)
    {
        List<StreamState> ready = [];
        foreach (StreamId id in _due.ToArray())
        {
            if (!image.HasMade(id))
            {
                // Others know it already, this node's manager too: soon it is known here.
                continue;
            }

            StreamState? stream = image.FindStream(id);
            if (stream is null || (IsLed(stream) && !_unsure.Contains(id)))
            {
                Settle(id);
                Answer(id, stream is not null);
            }
            else if (!_askers.ContainsKey(id) && stream.Leader != NodeId.None && stream.Leader != _services.Node)
            {
                Settle(id);
            }
            else if (WalDebts.Before(image, stream, _services.Wal).All(wal => image.Wals[wal].IsFenced))
            {
                // Until a log is fenced its node may still append to it: nothing is gained by reading it.
                _due.Remove(id);
                ready.Add(stream);
            }
        }

        return ready;
    }

    // Nothing of it is on its way into the cache any more: whatever the metadata say of it later counts.
    private void Settle(StreamId stream)
    {
        _due.Remove(stream);
        if (_unsure.Remove(stream))
        {
            _services.Manager.Tell(new ReleaseStreams([stream]));
        }
    }

    private void LookAgain(TimeSpan after)
    {
        if (_due.Count > 0)
        {
            Timers.StartSingleTimer(nameof(OpenDue), OpenDue.Instance, after);
        }
    }

    private async Task<Opened> OpenAsync(MetadataImage image, StreamState[] streams)
    {
        StreamId[] ids = [.. streams.Select(stream => stream.StreamId)];
        WalId[] logs = [.. streams.SelectMany(stream => WalDebts.Before(image, stream, _services.Wal)).Distinct().Order()];
        IReadOnlyList<WalRecovery.Kept> kept = [];
        bool isAsked = false;
        try
        {
            (kept, LeftOutBatches leftOut) = await ReadAsync(image, streams, logs);
            Dictionary<StreamId, Offset> ends = kept.GroupBy(one => one.Stream).ToDictionary(one => one.Key, one => one.Last().Batch.LastOffset + 1);
            OpenStreams command = new(
                _services.Node, _services.NodeEpoch, _services.Wal, logs, [.. streams.Select(stream => new StreamOpening(stream.StreamId, stream.EndOffset, ends.GetValueOrDefault(stream.StreamId, EndOf(stream))))]);
            isAsked = true;
            if (await _services.Coordinator.Ask(command, CoordinatorTimeouts.Command) is not StreamsOpened opened)
            {
                throw new StorageException(StorageErrorKind.Unavailable, "the coordinator could not commit it");
            }

            HashSet<StreamId> refused = [.. opened.Refused.Select(refusal => refusal.Stream)];
            ILookup<bool, WalRecovery.Kept> isOpen = kept.ToLookup(one => !refused.Contains(one.Stream));
            kept = [.. isOpen[false]];
            WalRecovery.Put(isOpen[true], _services.Cache);
            if (isOpen[true].Any())
            {
                // The log that they came from is released when they are uploaded: its node may be waiting for that.
                _services.Uploads.Tell(FlushUploads.Instance, ActorRefs.NoSender);
            }

            SeatingLog.Opened(_services.Log, streams.Length - refused.Count, isOpen[true].Count(), logs.Length);
            StorageLog.LeftOut(_services.Log, leftOut);
            return new Opened([.. ids.Where(stream => !refused.Contains(stream))], opened.Refused, [], IsInDoubt: false, null);
        }
        catch (Exception cause)
        {
            return new Opened([], [], ids, isAsked, cause);
        }
        finally
        {
            Release(kept);
        }
    }

    // Of what this node led until now it may have more than is uploaded.
    private Offset EndOf(StreamState stream) => IsLed(stream) ? _services.Cache.CachedEnd(stream.StreamId) ?? stream.EndOffset : stream.EndOffset;

    private async Task<(IReadOnlyList<WalRecovery.Kept> Kept, LeftOutBatches LeftOut)> ReadAsync(MetadataImage image, StreamState[] streams, WalId[] logs)
    {
        WalRecovery recovery = new(image, _services.Buffers, streams.Select(stream => stream.StreamId).ToHashSet());
        try
        {
            foreach (WalId log in logs)
            {
                await recovery.ReadAsync(OtherWals.ReadAsync(_services.Store, image.Wals[log], _services.Sources, _services.Ahead.Of(log), CancellationToken.None), isOwn: false, CancellationToken.None);
            }

            return (recovery.Judge(), recovery.LeftOutOfOthers);
        }
        catch
        {
            Release(recovery.Judge());
            throw;
        }
    }

    private static void Release(IEnumerable<WalRecovery.Kept> kept)
    {
        foreach (WalRecovery.Kept one in kept)
        {
            one.Batch.Lease.Release();
        }
    }

    private void OnOpened(Opened opened)
    {
        StreamId[] known = [.. opened.Streams, .. opened.Refused.Select(refusal => refusal.Stream)];
        _inFlight.Clear();
        _unsure.ExceptWith(known);
        _services.Manager.Tell(new ReleaseStreams(known));
        foreach (StreamId stream in opened.Streams)
        {
            Answer(stream, isLed: true);
        }

        // A node that does not count any more ends, and opens nothing until then.
        _due.UnionWith(opened.Refused.Where(refusal => refusal.Reason != OpeningRefusalReason.NodeIsStale).Select(refusal => refusal.Stream));
        _due.UnionWith(opened.Failed);
        if (opened.IsInDoubt)
        {
            _unsure.UnionWith(opened.Failed);
        }

        if (opened.Failure is { } cause && !_failing)
        {
            SeatingLog.Failed(_services.Log, opened.Failed.Count, cause.Message, TryAgainAfter);
        }

        _failing = opened.Failure is not null;
        LookAgain(opened.Failed.Count > 0 || opened.Refused.Count > 0 ? TryAgainAfter : LookAgainAfter);
    }

    private sealed record OpenDue
    {
        public static readonly OpenDue Instance = new();
    }

    /// <param name="Streams">Led by this node now.</param>
    /// <param name="Refused">As the coordinator says.</param>
    /// <param name="Failed">All others.</param>
    /// <param name="IsInDoubt">Whether the others may be led by this node.</param>
    /// <param name="Failure">Why they failed.</param>
    private sealed record Opened(IReadOnlyList<StreamId> Streams, IReadOnlyList<OpeningRefusal> Refused, IReadOnlyList<StreamId> Failed, bool IsInDoubt, Exception? Failure);
}

/// <summary>What a <see cref="SeatingActor"/> works with.</summary>
/// <param name="Node">This node.</param>
/// <param name="NodeEpoch">This start of it.</param>
/// <param name="Wal">The log that it appends to.</param>
/// <param name="Coordinator">The node's <see cref="MetadataClientActor"/>.</param>
/// <param name="Manager">The node's <see cref="PartitionManagerActor"/>.</param>
/// <param name="Store">Where logs in the bucket are.</param>
/// <param name="Sources">For logs on disks.</param>
/// <param name="Cache">Takes what other logs hold.</param>
/// <param name="Buffers">For that.</param>
/// <param name="Uploads">The node's <see cref="UploadActor"/>.</param>
/// <param name="Log">The node's.</param>
/// <param name="Metadata">What it knows of these.</param>
/// <param name="Ahead">What has been read of others' logs already.</param>
internal sealed record SeatingServices(
    NodeId Node, long NodeEpoch, WalId Wal, MetadataView Metadata, IActorRef Coordinator, IActorRef Manager, IObjectStore Store, StorageSources Sources, LogCache Cache, BufferPool Buffers, IActorRef Uploads, LogsAhead Ahead, ILogger Log);

internal static partial class SeatingLog
{
    [LoggerMessage(EventId = 2101, EventName = "StreamsOpened", Level = LogLevel.Information, Message = "Opened {Streams} partitions that are this node's to lead now; {Batches} record batches came from {Logs} write-ahead logs of other nodes")]
    public static partial void Opened(ILogger log, int streams, int batches, int logs);

    [LoggerMessage(EventId = 2102, EventName = "StreamsNotOpened", Level = LogLevel.Warning, Message = "Opening {Streams} partitions failed ({Problem}); it is tried again every {Delay}")]
    public static partial void Failed(ILogger log, int streams, string problem, TimeSpan delay);
}
