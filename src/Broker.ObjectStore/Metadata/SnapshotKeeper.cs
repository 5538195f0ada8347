namespace Broker.ObjectStore.Metadata;

/// <summary>
/// Decides when a metadata log needs a snapshot, and writes one at a time beside the commits: these go on, and are answered, while the store takes its time
/// with it. Thread-safe; no thread of its own.
/// </summary>
/// <param name="snapshots">Where they lie.</param>
/// <param name="options">How much may be committed between two.</param>
/// <param name="last">The position of the newest one; null where there is none.</param>
/// <param name="commits">Commits since then.</param>
/// <param name="bytes">Their bytes.</param>
internal sealed class SnapshotKeeper(MetadataSnapshots snapshots, MetadataLogOptions options, LogPosition? last, int commits, long bytes) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _closing = new();
    private LogPosition? _last = last;
    private int _commits = commits;
    private long _bytes = bytes;
    private Task _running = Task.CompletedTask;
    private volatile StorageException? _failure;

    /// <summary>The position of the newest one.</summary>
    internal LogPosition? Last
    {
        get
        {
            lock (_lock)
            {
                return _last;
            }
        }
    }

    /// <summary>Why the last one that was begun by <see cref="BeginAsync"/> could not be written; null when it could.</summary>
    internal StorageException? Failure => _failure;

    /// <summary>Whether enough was committed since the last one.</summary>
    internal bool IsDue
    {
        get
        {
            lock (_lock)
            {
                return _commits >= options.SnapshotEveryCommits || _bytes >= options.SnapshotEveryBytes;
            }
        }
    }

    internal void Count(int newCommits, long newBytes)
    {
        lock (_lock)
        {
            _commits += newCommits;
            _bytes += newBytes;
        }
    }

    /// <summary>
    /// Begins a snapshot and does not wait for it; unless one is being written: then the next commit asks again. A failure of the store is kept as
    /// <see cref="Failure"/>; any other error is thrown here, by the call that would begin the next.
    /// </summary>
    internal async ValueTask BeginAsync(ConditionalLog log, MetadataImage image, LogPosition position)
    {
        if (!_running.IsCompleted)
        {
            return;
        }

        Task ended = _running;
        _running = Task.CompletedTask;
        await ended;
        _running = TryWriteAsync(log, image, position);
    }

    /// <summary>Writes a snapshot of what was committed up to a position, then trims the log and older snapshots.</summary>
    /// <exception cref="StorageException">Unavailable: try again later. Nothing is lost by it.</exception>
    internal async Task WriteAsync(ConditionalLog log, MetadataImage image, LogPosition position, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            if (Last is { } newest && newest.NextSlot >= position.NextSlot)
            {
                return;
            }

            (int coveredCommits, long coveredBytes) = Counted();
            await snapshots.WriteAsync(image, position, ct);
            if (Replace(position, coveredCommits, coveredBytes) is { } before)
            {
                await log.TrimAsync(before, ct);
                await snapshots.DeleteBeforeAsync(before, ct);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Gives up what is being written. The next owner of the metadata has a longer replay.</summary>
    public void Dispose() => _closing.Cancel();

    private async Task TryWriteAsync(ConditionalLog log, MetadataImage image, LogPosition position)
    {
        try
        {
            await WriteAsync(log, image, position, _closing.Token);
            _failure = null;
        }
        catch (StorageException error)
        {
            _failure = error;
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            _failure = null;
        }
    }

    private (int Commits, long Bytes) Counted()
    {
        lock (_lock)
        {
            return (_commits, _bytes);
        }
    }

    // Commits that came while it was written count for the next one.
    private LogPosition? Replace(LogPosition position, int coveredCommits, long coveredBytes)
    {
        lock (_lock)
        {
            LogPosition? before = _last;
            _last = position;
            _commits -= coveredCommits;
            _bytes -= coveredBytes;
            return before;
        }
    }
}
