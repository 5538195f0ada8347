namespace Broker.ObjectStore.Metadata;

/// <summary>
/// The coordinator's hold on the cluster's metadata: a <see cref="ConditionalLog"/> of commits with snapshots. Opening it fences the
/// coordinator before; a commit is one conditional PUT, all or nothing. The guarantees G1 to G11 of the log hold for commits, and:
/// <list type="number">
/// <item>M1. <see cref="Image"/> holds every commit that ever returned to anyone before the opening, and those of this instance.</item>
/// <item>M2. A commit whose events do not fit the image writes nothing.</item>
/// <item>M3. Snapshot and replay give the image that applying every commit from the first on would give.</item>
/// <item>M4. The log is trimmed to the snapshot before the newest, so one corrupt snapshot loses nothing.</item>
/// <item>M5. A commit whose outcome stays unknown is decided by the next call, which takes the log again and commits nothing itself; but never from another owner.</item>
/// <item>M6. A log that is gone from the store (G11) is noticed by a commit, whose outcome is then in doubt (M5): at the latest by the first one that comes <see cref="LookEvery"/> after the last look.</item>
/// </list>
/// Safe for concurrent use; commits happen one after another. No thread or timer of its own.
/// </summary>
public sealed class MetadataLog : IDisposable
{
    /// <summary>
    /// A snapshot may be replaced and the log trimmed past it between its reading and the replay. That takes a whole snapshot interval
    /// each time, so a few tries are plenty.
    /// </summary>
    private const int MaxOpenTries = 4;

    /// <summary>
    /// A commit after so long looks whether the log is still there, beside its PUT. 10 s: a node that uploads once a minute looks each time, before its write-ahead log
    /// is trimmed, and one that commits all the time pays one HEAD for hundreds of PUTs. Without commits there are no looks.
    /// </summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    /// <summary>How long a commit waits for its look. A HEAD takes less than the PUT beside it; where it does not, the next commit looks again.</summary>
    private static readonly TimeSpan LookPatience = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _turn = new(1);
    private readonly MetadataLogOptions _options;
    private readonly IObjectStore _store;
    private readonly SnapshotKeeper _snapshots;
    private readonly RememberedIds _reopeningIds;
    private volatile ConditionalLog _log;
    private MetadataImage _image;

    // After the last commit in the image. The log's own tail may lie behind a commit whose look found the log gone.
    private LogPosition _position;
    private long _lastLook;

    private MetadataLog(IObjectStore store, MetadataLogOptions options, MetadataSnapshots snapshots, ConditionalLog log, Replay replay)
    {
        _store = store;
        _options = options;
        _reopeningIds = new RememberedIds(options.Ids);
        _snapshots = new SnapshotKeeper(snapshots, options, replay.Snapshot, replay.Commits, replay.Bytes);
        _log = log;
        _image = replay.Image;
        _position = log.Tail;
        _lastLook = options.Time.GetTimestamp();
    }

    /// <summary>The metadata after the last commit.</summary>
    public MetadataImage Image => Volatile.Read(ref _image);

    /// <summary>The coordinator epoch.</summary>
    public long Epoch => _log.Epoch;

    /// <summary>Why the next commit will not succeed (fenced; or an outcome that it has to find out first, M5); null when it may.</summary>
    public StorageException? Failure => _log.Failure;

    /// <summary>That the log is gone from the store, as far as is known: commits fail until its objects are restored. Null: it is there.</summary>
    public StorageException? Loss => _log.Failure is { Kind: StorageErrorKind.Corrupt } loss ? loss : null;

    /// <summary>Why the last snapshot on commit did not succeed; null when it did. It is tried again after the next commit.</summary>
    public StorageException? SnapshotFailure => _snapshots.Failure;

    /// <summary>Whether enough was committed since the last snapshot.</summary>
    public bool IsSnapshotDue => _snapshots.IsDue;

    /// <summary>
    /// The metadata as they are now, without taking them over: whoever owns them goes on undisturbed. The empty image where there are none.
    /// </summary>
    /// <exception cref="StorageException">Unavailable: try again later. Corrupt. Invalid: of a newer version.</exception>
    public static async ValueTask<MetadataImage> ReadAsync(IObjectStore store, MetadataLogOptions options, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        return await FromNewestSnapshotAsync(store, options, ReplayAsync, ct);

        async ValueTask<MetadataImage> ReplayAsync(MetadataSnapshots snapshots, LogPosition from, Replay replay)
        {
            await foreach (LogEntry entry in new LogReader(store, options.LogPrefix, from).ReadToEndAsync(ct))
            {
                await replay.ApplyAsync(entry, ct);
            }

            return replay.Image;
        }
    }

    /// <summary>Whether there is something in the log behind a version: a commit, or only another owner's taking over. One LIST.</summary>
    /// <exception cref="StorageException">Unavailable: try again later.</exception>
    public static async ValueTask<bool> MayHaveNewerAsync(IObjectStore store, MetadataLogOptions options, long version, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        LogKeys keys = new(options.LogPrefix);
        await foreach (ObjectInfo found in store.ListAsync(keys.ListPrefix, keys.StartAfterFor(version + 1), ct))
        {
            if (keys.TryParse(found.Key, out _))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes the metadata over: newest sound snapshot, replay, fence; creates the cluster in an empty store.</summary>
    /// <exception cref="StorageException">
    /// Fenced: someone else took over meanwhile. Unavailable: try again later. Corrupt. Invalid: of a newer version; nothing was changed.
    /// </exception>
    public static async ValueTask<MetadataLog> OpenAsync(IObjectStore store, MetadataLogOptions options, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        MetadataLog metadata = await FromNewestSnapshotAsync(store, options, TakeOverAsync, ct);
        if (metadata.Image.ClusterId.Length == 0)
        {
            await metadata.CommitAsync([new ClusterCreated(NewClusterId(options.Ids))], ct);
        }

        return metadata;

        async ValueTask<MetadataLog> TakeOverAsync(MetadataSnapshots snapshots, LogPosition from, Replay replay)
        {
            ConditionalLog log = await ConditionalLog.OpenAsync(store, LogOptions(options), from, replay.ApplyAsync, ct);
            return new MetadataLog(store, options, snapshots, log, replay);
        }
    }

    /// <summary>Begins at the newest sound snapshot, and again at a newer one when the log was trimmed past it meanwhile.</summary>
    private static async ValueTask<T> FromNewestSnapshotAsync<T>(
        IObjectStore store, MetadataLogOptions options, Func<MetadataSnapshots, LogPosition, Replay, ValueTask<T>> replayAsync, CancellationToken ct)
    {
        MetadataSnapshots snapshots = new(store, options.SnapshotPrefix);
        LogPosition? previous = null;
        for (int attempt = 0; ; attempt++)
        {
            (MetadataImage image, LogPosition? position, StorageException? fault) = await snapshots.LoadNewestAsync(ct);
            LogPosition from = position ?? LogPosition.Start;
            Replay replay = new(image, position);
            try
            {
                return await replayAsync(snapshots, from, replay);
            }
            catch (StorageException error) when (error.Kind == StorageErrorKind.NotFound)
            {
                if (previous == from || attempt == MaxOpenTries)
                {
                    throw new StorageException(
                        StorageErrorKind.Corrupt,
                        $"the metadata log was trimmed past slot {from.NextSlot}, where the newest readable snapshot ends ({(fault ?? error).Message})",
                        fault ?? error);
                }

                previous = from;
            }
        }
    }

    /// <summary>Commits events: durable and applied when it returns the new image. A snapshot that is due is begun, and not waited for.</summary>
    /// <exception cref="StorageException">
    /// Invalid: an event does not fit the image; nothing was written. Fenced: for ever. Unavailable: see <see cref="Failure"/>; while that is
    /// null nothing was written, otherwise the next commit, which will fail too, finds out what became of it. Either way, judge anew by <see cref="Image"/>.
    /// </exception>
    public ValueTask<MetadataImage> CommitAsync(IReadOnlyList<MetadataEvent> events, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(events);
        return CommitAsync(new MetadataBatch(_options.Time.GetUtcNow().ToUnixTimeMilliseconds(), events), ct);
    }

    /// <inheritdoc cref="CommitAsync(IReadOnlyList{MetadataEvent}, CancellationToken)"/>
    public async ValueTask<MetadataImage> CommitAsync(MetadataBatch batch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(batch);
        await _turn.WaitAsync(ct);
        try
        {
            await ReopenIfInDoubtAsync(ct);
            MetadataImage next = _image.Apply(batch, _log.Tail.NextSlot);
            byte[] bytes = MetadataCodec.Encode(batch);
            Task? look = LookAsync();
            long slot = await _log.AppendAsync(bytes, ct);
            if (slot != next.Version)
            {
                throw new InvalidOperationException($"the commit for slot {next.Version} went to slot {slot}");
            }

            await SeenAsync(look);
            Volatile.Write(ref _image, next);
            _position = _log.Tail;
            _snapshots.Count(1, bytes.Length);
            if (_options.SnapshotOnCommit && IsSnapshotDue)
            {
                await _snapshots.BeginAsync(_log, next, _position);
            }

            return next;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Does what the next commit would do first: finds out what became of one in doubt (M5), and whether a log that was gone is back (M6). Asks nothing of the store when there is
    /// no <see cref="Failure"/>, or the log is another's for ever.
    /// </summary>
    /// <exception cref="StorageException">As of an opening: there is a failure yet.</exception>
    public async ValueTask<MetadataImage> SettleAsync(CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            if (_log.Failure is { Kind: not StorageErrorKind.Fenced } failure)
            {
                await ReopenAsync(failure, ct);
            }

            return _image;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Looks whether somebody has taken the metadata over since the last commit, or they are gone (M6), which a commit would find out.</summary>
    /// <exception cref="StorageException">Fenced: for ever. Corrupt: gone. Unavailable: nobody knows.</exception>
    public ValueTask LookAheadAsync(CancellationToken ct) => _log.LookAheadAsync(ct);

    /// <summary>Writes a snapshot of the last commit, then trims the log and older snapshots. A failure loses nothing.</summary>
    /// <exception cref="StorageException">Unavailable: try again later.</exception>
    public async ValueTask SnapshotAsync(CancellationToken ct)
    {
        (ConditionalLog log, MetadataImage image, LogPosition position) = await LastCommitAsync(ct);
        await _snapshots.WriteAsync(log, image, position, ct);
    }

    /// <summary>Gives up a snapshot that is being written. No commit may be under way.</summary>
    public void Dispose()
    {
        _snapshots.Dispose();
        _turn.Dispose();
    }

    // Null: it is not due.
    private Task? LookAsync() => _options.Time.GetElapsedTime(_lastLook) < LookEvery ? null : _log.LookAsync(CancellationToken.None).AsTask();

    /// <exception cref="StorageException">Corrupt: the log is gone, and what was just written into the store is no commit of it.</exception>
    private async ValueTask SeenAsync(Task? look)
    {
        if (look is null)
        {
            return;
        }

        using CancellationTokenSource impatience = new(LookPatience, _options.Time);
        await look.WaitAsync(impatience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (Loss is { } loss)
        {
            // The PUT beside the look may have landed, and be there when the log is restored.
            throw new StorageException(loss.Kind, loss.Message, loss);
        }

        // One that failed or takes long says nothing: the next commit looks again.
        _lastLook = look.IsCompletedSuccessfully ? _options.Time.GetTimestamp() : _lastLook;
    }

    private async ValueTask ReopenIfInDoubtAsync(CancellationToken ct)
    {
        if (_log.Failure is not { Kind: not StorageErrorKind.Fenced } failure)
        {
            return;
        }

        await ReopenAsync(failure, ct);
        throw new StorageException(
            failure.Kind, $"the metadata log was opened anew, since the outcome of an earlier commit was in doubt; judge again and commit ({failure.Message})", failure);
    }

    private async ValueTask ReopenAsync(StorageException failure, CancellationToken ct)
    {
        // Nobody else may have come in between: its owner is this instance, or was in a try to reopen it of which nothing came back.
        Guid writerId = _log.WriterId;
        ConditionalLogOptions options = LogOptions(_options) with
        {
            Ids = _reopeningIds,
            MustExist = true,
            MayTakeFrom = owner => owner.WriterId == writerId || _reopeningIds.Contains(owner.WriterId),
        };
        Replay replay = new(_image, _snapshots.Last);
        using CancellationTokenSource deadline = new(_options.ResolveTimeout, _options.Time);
        try
        {
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, ct);
            _log = await ConditionalLog.OpenAsync(_store, options, _position, replay.ApplyAsync, either.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new StorageException(StorageErrorKind.Unavailable, $"the metadata log could not be opened anew within {_options.ResolveTimeout} ({failure.Message})", failure);
        }

        _reopeningIds.Forget();
        _position = _log.Tail;
        Volatile.Write(ref _image, replay.Image);
        _snapshots.Count(replay.Commits, replay.Bytes);
    }

    private static ConditionalLogOptions LogOptions(MetadataLogOptions options) => new(options.LogPrefix)
    {
        MaxInFlight = 1,
        MinEpoch = options.MinEpoch,
        KnownSlots = options.KnownSlots,
        ResolveTimeout = options.ResolveTimeout,
        Time = options.Time,
        Ids = options.Ids,
        JitterSeed = options.JitterSeed,
    };

    // As Kafka forms its cluster ids: a UUID in URL-safe base64 without padding.
    private static string NewClusterId(IIdSource ids)
        => Convert.ToBase64String(ids.Next().ToByteArray(bigEndian: true)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private async ValueTask<(ConditionalLog Log, MetadataImage Image, LogPosition Position)> LastCommitAsync(CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            return (_log, _image, _position);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>What an opening reads.</summary>
    private sealed class Replay(MetadataImage image, LogPosition? snapshot)
    {
        internal MetadataImage Image { get; private set; } = image;

        internal LogPosition? Snapshot { get; } = snapshot;

        internal int Commits { get; private set; }

        internal long Bytes { get; private set; }

        internal ValueTask ApplyAsync(LogEntry entry, CancellationToken ct)
        {
            string what = $"metadata log entry {entry.Slot}";
            MetadataBatch batch = MetadataCodec.Decode(entry.Payload, what);
            try
            {
                Image = Image.Apply(batch, entry.Slot);
            }
            catch (StorageException error) when (error.Kind == StorageErrorKind.Invalid)
            {
                throw new StorageException(StorageErrorKind.Corrupt, $"{what} does not fit the metadata before it: {error.Message}", error);
            }

            Commits++;
            Bytes += entry.Payload.Length;
            return ValueTask.CompletedTask;
        }
    }
}
