using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Partitions;

/// <summary>
/// Gives up streams that this node leads, so that others can open them at once, with nothing to read from its log: what is not uploaded goes while they still serve, then they take no more
/// appends, the rest goes, and with it the metadata say that nobody leads them, or who does next.
///
/// X1. A stream is closed at the offset behind its last record, when everything before that is uploaded; nothing is appended after it.
/// X2. A stream of which it is not known whether it was closed is opened anew here, under another epoch, before it takes appends again: a closing that comes late is refused then.
/// </summary>
internal sealed class ResigningActor : ReceiveActor, IWithTimers
{
    /// <summary>They take no appends together, and wait for each other: the more they are, the longer.</summary>
    private const int MaxAtOnce = 32;

    // What comes meanwhile goes in some more rounds, each shorter than the one before, as long as that pays.
    private const int MaxRounds = 4;

    private static readonly TimeSpan ShortRound = TimeSpan.FromMilliseconds(20);

    // A store that comes back is noticed within this.
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(1);

    // While they serve there is time; a slow store is waited for, beside everything else that is uploaded.
    private static readonly TimeSpan BulkPatience = TimeSpan.FromSeconds(30);

    // While they take no appends there is little: producers wait. What was on its way to the log or the store hangs, if it takes longer.
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(2);

    private readonly ResigningServices _services;

    // With all who want to hear: a stream's entity, and whoever drains the node.
    private readonly Dictionary<StreamId, List<IActorRef>> _due = [];

    // How often each failed: one that cannot be given up, as while it waits for the store to open, must not hold up the others.
    private readonly Dictionary<StreamId, int> _failures = [];

    // Of these it is not known whether they were closed under the epoch that is named: until they have another one they take no appends, and nothing is asked of them (X2).
    private readonly Dictionary<StreamId, LeaderEpoch> _doubtful = [];
    private bool _resigning;
    private bool _hasRehearsed;

    public ResigningActor(ResigningServices services)
    {
        _services = services;
        Receive<ResignStreams>(OnResign);
        Receive<Begin>(_ => OnBegin());
        Receive<Round>(OnRound);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private void OnResign(ResignStreams resign)
    {
        foreach (StreamId stream in resign.Streams)
        {
            if (!_due.TryGetValue(stream, out List<IActorRef>? askers))
            {
                _due[stream] = askers = [];
            }

            askers.Add(Sender);
        }

        // Those that are behind this message in the mailbox come along.
        Self.Tell(Begin.Instance);
    }

    private void OnBegin()
    {
        if (_resigning)
        {
            return;
        }

        MetadataImage image = _services.Metadata.Current;
        foreach ((StreamId stream, List<IActorRef> askers) in _due.Where(one => image.FindStream(one.Key)?.Leader != _services.Node).ToArray())
        {
            _due.Remove(stream);
            _failures.Remove(stream);
            _doubtful.Remove(stream);
            askers.ForEach(asker => asker.Tell(new Resigned(stream)));
        }

        // Told again: whoever opens them may have begun anew since.
        TellDoubtful(image);

        // What broke does not know where its log ends, and stays until the node starts anew.
        StreamId[] streams = [.. _due.Keys.Where(stream => _services.Partitions.Find(stream) is not null && !IsDoubtful(image, stream)).OrderBy(stream => _failures.GetValueOrDefault(stream)).ThenBy(stream => stream)];
        if (streams.Length > 0)
        {
            _resigning = true;
            ResignAsync(NextRound(streams)).PipeTo(Self);
        }
        else if (_due.Count > 0)
        {
            Timers.StartSingleTimer(nameof(Begin), Begin.Instance, TryAgainAfter);
        }
    }

    // What runs for the first time is compiled first, which takes tens of milliseconds: of a round without streams, for which no producer waits.
    private StreamId[] NextRound(StreamId[] streams)
    {
        if (!_hasRehearsed)
        {
            _hasRehearsed = true;
            return [];
        }

        StreamId[] together = [.. streams.TakeWhile(stream => !_failures.ContainsKey(stream)).Take(MaxAtOnce)];
        return together.Length > 0 ? together : [streams[0]];
    }

    private void TellDoubtful(MetadataImage image)
    {
        (StreamId, LeaderEpoch)[] doubtful = [.. _doubtful.Where(one => IsDoubtful(image, one.Key)).Select(one => (one.Key, one.Value))];
        if (doubtful.Length > 0)
        {
            _services.Seating.Tell(new SeatAnew(doubtful));
        }
    }

    private bool IsDoubtful(MetadataImage image, StreamId stream) => _doubtful.TryGetValue(stream, out LeaderEpoch asked) && image.FindStream(stream)?.Epoch == asked;

    private async Task<Round> ResignAsync(StreamId[] streams)
    {
        List<StreamEnd> asked = [];
        IActorRef[] partitions = OpenOf(streams);
        try
        {
            await UploadBulkAsync();
            long closing = _services.Clock.GetTimestamp();
            Task<HandedOver>[] handOvers = [.. partitions.Select(partition => partition.Ask<HandedOver>(HandOver.Instance, LastPatience))];
            List<StreamEnd> ends = [];
            foreach (Task<HandedOver> answer in handOvers)
            {
                ends.Add((await answer).At);
            }

            // The coordinator knows of the closing before the upload's commit comes: one commit holds both.
            asked = ends;
            Task<object> commit = _services.Coordinator.Ask(new CloseStreams(ends), CoordinatorTimeouts.Command);
            bool isUploaded = await UploadLastAsync();
            if (await commit is not StreamsAreClosed closed)
            {
                throw new StorageException(StorageErrorKind.Unavailable, "the coordinator could not commit it");
            }

            StreamId[] left = [.. streams.Where(stream => closed.Image.FindStream(stream)?.Leader == _services.Node)];
            if (left.Length < streams.Length)
            {
                ResigningLog.Resigned(_services.Log, streams.Length - left.Length, _services.Clock.GetElapsedTime(closing).TotalMilliseconds);
            }

            if (left.Length > 0 && !isUploaded)
            {
                // It is known that these are not closed, nor will be. The others are, and nothing is appended to them any more, though nobody may lead them yet (X1).
                Array.ForEach(OpenOf(left), partition => partition.Tell(KeepLeading.Instance, ActorRefs.NoSender));
                return new Round(left, [], new StorageException(StorageErrorKind.Unavailable, $"what they took last was not uploaded within {LastPatience}"));
            }

            return new Round(left, [.. asked.Where(one => left.Contains(one.Stream))], null);
        }
        catch (Exception cause)
        {
            if (asked.Count == 0)
            {
                Array.ForEach(partitions, partition => partition.Tell(KeepLeading.Instance, ActorRefs.NoSender));
            }

            return new Round(streams, asked, cause);
        }
    }

    private IActorRef[] OpenOf(StreamId[] streams) => [.. streams.Select(_services.Partitions.Find).OfType<IActorRef>()];

    private async Task<bool> UploadLastAsync()
    {
        try
        {
            await _services.Uploads.Ask<UploadsFlushed>(FlushUploads.Instance, LastPatience);
            return true;
        }
        catch (AskTimeoutException)
        {
            return false;
        }
    }

    // The bulk goes while the partitions serve, and what came meanwhile once more, until little is left.
    private async Task UploadBulkAsync()
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            long began = _services.Clock.GetTimestamp();
            await _services.Uploads.Ask<UploadsFlushed>(FlushUploads.Instance, BulkPatience);
            if (_services.Clock.GetElapsedTime(began) < ShortRound)
            {
                return;
            }
        }
    }

    private void OnRound(Round round)
    {
        _resigning = false;
        if (round.Failure is { } cause)
        {
            ResigningLog.Failed(_services.Log, round.Left.Count, cause.Message, TryAgainAfter);
            foreach (StreamId stream in round.Left)
            {
                _failures[stream] = _failures.GetValueOrDefault(stream) + 1;
            }
        }

        foreach (StreamEnd one in round.Doubtful)
        {
            _doubtful[one.Stream] = one.Epoch;
        }

        TellDoubtful(_services.Metadata.Current);
        if (round.Left.Count > 0)
        {
            Timers.StartSingleTimer(nameof(Begin), Begin.Instance, TryAgainAfter);
        }
        else
        {
            OnBegin();
        }
    }

    private sealed record Begin
    {
        public static readonly Begin Instance = new();
    }

    /// <param name="Left">What this node leads still, or may.</param>
    /// <param name="Doubtful">Those of them that take no appends until they are opened anew, with where they were to be closed (X2).</param>
    /// <param name="Failure">Null: there was none.</param>
    private sealed record Round(IReadOnlyList<StreamId> Left, IReadOnlyList<StreamEnd> Doubtful, Exception? Failure);
}

/// <summary>Streams are to be led elsewhere. Answered with one <see cref="Resigned"/> for each.</summary>
internal sealed record ResignStreams(IReadOnlyList<StreamId> Streams);

/// <summary>This node does not lead the stream.</summary>
internal sealed record Resigned(StreamId Stream);

/// <summary>What a <see cref="ResigningActor"/> works with.</summary>
/// <param name="Node">This node.</param>
/// <param name="Partitions">Those that are open on it.</param>
/// <param name="Coordinator">Its <see cref="MetadataClientActor"/>.</param>
/// <param name="Uploads">Its <see cref="UploadActor"/>.</param>
/// <param name="Seating">Its <see cref="SeatingActor"/>.</param>
/// <param name="Clock">The node's.</param>
/// <param name="Log">The node's.</param>
/// <param name="Metadata">What it knows of these.</param>
internal sealed record ResigningServices(
    NodeId Node, MetadataView Metadata, PartitionDirectory Partitions, IActorRef Coordinator, IActorRef Uploads, IActorRef Seating, TimeProvider Clock, ILogger Log);

internal static partial class ResigningLog
{
    [LoggerMessage(EventId = 2201, EventName = "StreamsResigned", Level = LogLevel.Information, Message = "Gave up {Streams} partitions, which took no appends for {Milliseconds:F0} ms until then")]
    public static partial void Resigned(ILogger log, int streams, double milliseconds);

    [LoggerMessage(EventId = 2202, EventName = "StreamsNotResigned", Level = LogLevel.Warning, Message = "Giving up {Streams} partitions failed ({Problem}); they are led here, and it is tried again in {Delay}")]
    public static partial void Failed(ILogger log, int streams, string problem, TimeSpan delay);
}
