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

    // A fence takes some requests to the store; a store that comes back is noticed within this.
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromMilliseconds(200);

    private readonly SeatingServices _services;
    private readonly HashSet<StreamId> _due = [];

    // Whether the metadata say so or not, these may be this node's without their records: an answer that does not come may have been a commit.
    private readonly HashSet<StreamId> _unsure = [];
    private bool _opening;
    private bool _failing;

    public SeatingActor(SeatingServices services)
    {
        _services = services;
        Receive<SeatStreams>(OnSeat);
        Receive<UnseatStreams>(unseat => _due.ExceptWith(unseat.Streams));
        Receive<OpenDue>(_ => OnDue());
        Receive<Opened>(OnOpened);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private void OnSeat(SeatStreams seat)
    {
        _due.UnionWith(seat.Streams);
        if (!_opening && !Timers.IsTimerActive(nameof(OpenDue)))
        {
            Timers.StartSingleTimer(nameof(OpenDue), OpenDue.Instance, GatherFor);
        }
    }

    private void OnDue()
    {
        MetadataImage image = _services.Metadata.Current;
        StreamState[] streams = [.. _due.Select(image.FindStream).OfType<StreamState>().Where(stream => stream.Leader != _services.Node || stream.Wal != _services.Wal || _unsure.Contains(stream.StreamId))];
        _due.Clear();

        // Until a log is fenced its node may still append to it: nothing is gained by reading it.
        ILookup<bool, StreamState> isReady = streams.ToLookup(stream => WalDebts.Before(image, stream, _services.Wal).All(wal => image.Wals[wal].IsFenced));
        _due.UnionWith(isReady[false].Select(stream => stream.StreamId));
        streams = [.. isReady[true]];
        if (streams.Length == 0)
        {
            if (_due.Count > 0)
            {
                Timers.StartSingleTimer(nameof(OpenDue), OpenDue.Instance, TryAgainAfter);
            }

            return;
        }

        StreamId[] asked = [.. streams.Select(stream => stream.StreamId)];
        _opening = true;
        _unsure.UnionWith(asked);
        _services.Manager.Tell(new HoldStreams(asked));
        OpenAsync(image, streams).PipeTo(Self, failure: cause => new Opened([], asked, cause));
    }

    private async Task<Opened> OpenAsync(MetadataImage image, StreamState[] streams)
    {
        WalId[] logs = [.. streams.SelectMany(stream => WalDebts.Before(image, stream, _services.Wal)).Distinct().Order()];
        IReadOnlyList<WalRecovery.Kept> kept = await ReadAsync(image, streams, logs);
        try
        {
            Dictionary<StreamId, Offset> ends = kept.GroupBy(one => one.Stream).ToDictionary(one => one.Key, one => one.Last().Batch.LastOffset + 1);
            OpenStreams command = new(
                _services.Node, _services.NodeEpoch, _services.Wal, logs, [.. streams.Select(stream => (stream.StreamId, ends.GetValueOrDefault(stream.StreamId, stream.EndOffset)))]);
            if (await _services.Coordinator.Ask(command, CoordinatorTimeouts.Command) is not StreamsOpened opened)
            {
                throw new StorageException(StorageErrorKind.Unavailable, "the coordinator could not commit it");
            }

            Dictionary<StreamId, OpeningRefusal> refused = opened.Refused.ToDictionary(refusal => refusal.Stream);
            ILookup<bool, WalRecovery.Kept> isOpen = kept.ToLookup(one => !refused.ContainsKey(one.Stream));
            kept = [.. isOpen[false]];
            WalRecovery.Put(isOpen[true], _services.Cache);
            SeatingLog.Opened(_services.Log, streams.Length - refused.Count, isOpen[true].Count(), logs.Length);
            return new Opened(
                [.. streams.Select(stream => stream.StreamId).Where(stream => !refused.ContainsKey(stream))],
                [.. refused.Values.Where(refusal => refusal.Reason != OpeningRefusalReason.NodeIsStale).Select(refusal => refusal.Stream)],
                null);
        }
        finally
        {
            Release(kept);
        }
    }

    private async Task<IReadOnlyList<WalRecovery.Kept>> ReadAsync(MetadataImage image, StreamState[] streams, WalId[] logs)
    {
        WalRecovery recovery = new(image, _services.Buffers, streams.Select(stream => stream.StreamId).ToHashSet());
        try
        {
            foreach (WalId log in logs)
            {
                await recovery.ReadAsync(OtherWals.ReadAsync(_services.Store, image.Wals[log], CancellationToken.None), isOwn: false, CancellationToken.None);
            }

            return recovery.Judge();
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
        _opening = false;
        _unsure.ExceptWith(opened.Streams);
        _services.Manager.Tell(new ReleaseStreams(opened.Streams));
        if (opened.Failure is { } cause && !_failing)
        {
            SeatingLog.Failed(_services.Log, opened.Again.Count, cause.Message, TryAgainAfter);
        }

        _failing = opened.Failure is not null;
        _due.UnionWith(opened.Again);
        if (_due.Count > 0)
        {
            Timers.StartSingleTimer(nameof(OpenDue), OpenDue.Instance, opened.Again.Count > 0 ? TryAgainAfter : GatherFor);
        }
    }

    private sealed record OpenDue
    {
        public static readonly OpenDue Instance = new();
    }

    private sealed record Opened(IReadOnlyList<StreamId> Streams, IReadOnlyList<StreamId> Again, Exception? Failure);
}

/// <summary>These streams are this node's to lead.</summary>
internal sealed record SeatStreams(IReadOnlyList<StreamId> Streams);

/// <summary>These streams are no longer this node's to lead: those that are not open yet are not opened.</summary>
internal sealed record UnseatStreams(IReadOnlyList<StreamId> Streams);

/// <summary>What a <see cref="SeatingActor"/> works with.</summary>
/// <param name="Node">This node.</param>
/// <param name="NodeEpoch">This start of it.</param>
/// <param name="Wal">The log that it appends to.</param>
/// <param name="Coordinator">The node's <see cref="MetadataClientActor"/>.</param>
/// <param name="Manager">The node's <see cref="PartitionManagerActor"/>.</param>
internal sealed record SeatingServices(
    NodeId Node, long NodeEpoch, WalId Wal, MetadataView Metadata, IActorRef Coordinator, IActorRef Manager, IObjectStore Store, LogCache Cache, BufferPool Buffers, ILogger Log);

internal static partial class SeatingLog
{
    [LoggerMessage(EventId = 2101, EventName = "StreamsOpened", Level = LogLevel.Information, Message = "Opened {Streams} partitions that are this node's to lead now; {Batches} record batches came from {Logs} write-ahead logs of other nodes")]
    public static partial void Opened(ILogger log, int streams, int batches, int logs);

    [LoggerMessage(EventId = 2102, EventName = "StreamsNotOpened", Level = LogLevel.Warning, Message = "Opening {Streams} partitions failed ({Problem}); it is tried again every {Delay}")]
    public static partial void Failed(ILogger log, int streams, string problem, TimeSpan delay);
}
