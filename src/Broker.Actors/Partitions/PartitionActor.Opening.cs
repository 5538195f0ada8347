using System.Buffers;
using Akka.Actor;
using Broker.ObjectStore;
using Broker.ObjectStore.Cache;
using Broker.Wire;
using Broker.Wire.Records;

namespace Broker.Actors.Partitions;

/// <summary>
/// How a partition opens: it loads its producers' state from its newest object and replays what the cache holds. While the store is out of reach it
/// tries on, and clients are told to come back; when the state is damaged or gone it serves reads alone, until it is restored.
/// </summary>
internal sealed partial class PartitionActor
{
    // A store that comes back is noticed within this; thousands of partitions together ask no more often than they would be read.
    private static readonly TimeSpan LoadAgainAfter = TimeSpan.FromSeconds(2);

    // What is damaged may be restored; twice as long after each look, since it mostly is not.
    private static readonly TimeSpan LongestUntilLoadedAgain = TimeSpan.FromMinutes(5);

    // A client waits so long for a leader that hangs (librdkafka's socket.timeout.ms is 60 s, Java's request.timeout.ms 30 s), sends what came after to the next one, and takes what that one
    // answers as a word on both. Java gives up only later (delivery.timeout.ms, 120 s): a producer that was forgotten goes on then.
    private static readonly TimeSpan FirstBatchesComeWithin = TimeSpan.FromSeconds(75);

    private TimeSpan _damagedAgainAfter = LoadAgainAfter;
    private long _servesSince;

    // What an upload has then stored as the newest state lacks what could not be read: it must not be taken for the whole.
    private bool _wasCapturedReadOnly;

    protected override void PreStart() => LoadState();

    private void LoadState() =>
        _services.History.ReadProducerStateAsync(_opened.Stream, CancellationToken.None).PipeTo(
            Self,
            success: bytes => new StateLoaded(bytes),
            failure: cause => new StateFailed(cause));

    /// <summary>Before the first attempt to load the producers' state has ended: requests wait.</summary>
    protected override void OnReceive(object message)
    {
        if (!OnLoading(message))
        {
            Stash.Stash();
        }
    }

    /// <summary>While the store is out of reach.</summary>
    private void Unreachable(object message)
    {
        if (OnLoading(message))
        {
            return;
        }

        switch (message)
        {
            case Append append:
                Refuse(append, ErrorCode.KafkaStorageError, "the partition is not open yet: the object store is out of reach");
                break;
            case Read read:
                Sender.Tell(new ReadReply(read.Tag, ErrorCode.KafkaStorageError, Offset.Zero, Offset.Zero, ReadOnlySequence<byte>.Empty, null));
                break;
            case LookUpOffset lookUp:
                Sender.Tell(new OffsetReply(lookUp.Tag, ErrorCode.KafkaStorageError, -1, -1, -1));
                break;
            case Unwatch:
                break;
            default:
                Stash.Stash();
                break;
        }
    }

    private bool OnLoading(object message)
    {
        switch (message)
        {
            case StateLoaded loaded:
                Open(ProducerStateCodec.Decode(loaded.Bytes.Span));
                return true;
            case StateFailed { Cause: StorageException { Kind: StorageErrorKind.Unavailable } cause }:
                StorageErrors.OnOpening(_services, _opened.Name, cause, LoadAgainAfter);
                Become(Unreachable);
                Stash.UnstashAll();
                Timers.StartSingleTimer(nameof(LoadAgain), LoadAgain.Instance, LoadAgainAfter);
                return true;
            case StateFailed failed:
                PartitionLog.OpenedReadOnly(_services.Log, failed.Cause, _opened.Name);
                _readOnlyBecause = $"the partition is read-only, because its producers' state cannot be read: {failed.Cause.Message}";
                Open(new ProducerTable());
                LookForStateLater();
                return true;
            case LoadAgain:
                LoadState();
                return true;
            case AwaitOpen:
                _awaitingOpen.Add(Sender);
                return true;
            default:
                return false;
        }
    }

    /// <summary>While it serves reads alone; false when the message is another one.</summary>
    private bool OnReadOnly(object message)
    {
        switch (message)
        {
            case StateLoaded loaded when !_wasCapturedReadOnly:
                TakeState(ProducerStateCodec.Decode(loaded.Bytes.Span));
                _readOnlyBecause = null;
                PartitionLog.TakesAppends(_services.Log, _opened.Name);
                return true;
            case StateLoaded:
                return true;
            case StateFailed:
                LookForStateLater();
                return true;
            case LoadAgain:
                LoadState();
                return true;
            default:
                return false;
        }
    }

    private void LookForStateLater()
    {
        if (!_wasCapturedReadOnly)
        {
            Timers.StartSingleTimer(nameof(LoadAgain), LoadAgain.Instance, _damagedAgainAfter);
            _damagedAgainAfter = TimeSpan.FromTicks(Math.Min(_damagedAgainAfter.Ticks * 2, LongestUntilLoadedAgain.Ticks));
        }
    }

    private bool MayHaveSentBefore() => _opened.Epoch.Value > 0 && _services.Clock.GetElapsedTime(_servesSince) < FirstBatchesComeWithin;

    private void TakeState(ProducerTable producers)
    {
        _producers = producers;
        _next = _opened.UploadedEnd;
        ReplayCache();
        _next = Offset.Max(_next, _opened.LogStart);
    }

    private void Open(ProducerTable producers)
    {
        TakeState(producers);
        _highWatermark = _next;
        _servesSince = _services.Clock.GetTimestamp();
        Become(Serving);
        Stash.UnstashAll();
        TellOpened(null);
    }

    // What the write-ahead log brought back lies in the cache: it is durable, and its producers count, also where its records were deleted since.
    private void ReplayCache()
    {
        while (_services.Cache.Read(_opened.Stream, _next, int.MaxValue) is { Batches.Count: > 0 } read)
        {
            using (read)
            {
                foreach (CachedBatch cached in read.Batches)
                {
                    // Whose a damaged one was nobody can tell; what it held is lost to its producer too, who finds out by the next one's sequence.
                    if (cached.Damage is null && new RecordBatchView(cached.Payload.Span) is { HasProducerId: true } batch)
                    {
                        _producers.Replay(Numbered(batch, cached.BaseOffset));
                    }

                    _next = cached.LastOffset + 1;
                }
            }
        }
    }

    private void TellOpened(Exception? failure)
    {
        foreach (IActorRef waiting in _awaitingOpen)
        {
            waiting.Tell(new PartitionOpened(_opened.Stream, failure));
        }

        _awaitingOpen.Clear();
    }

    private sealed record StateLoaded(ReadOnlyMemory<byte> Bytes);

    private sealed record StateFailed(Exception Cause);

    private sealed record LoadAgain
    {
        public static readonly LoadAgain Instance = new();
    }
}
