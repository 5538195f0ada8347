using System.Runtime.CompilerServices;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// A log that is opened anew, by the next append, after it has failed: a disk may fail one write or sync and take all others. The append that
/// failed stays failed, with an unknown outcome; what became of it is decided as after a crash (W3). Keeps W1 to W6: it goes on only
/// with a log that has recovered everything which was acknowledged, and appends that waited for it are made in the order of their calls. No append waits longer than
/// a client does, however long the opening takes. A log that another owner has (Fenced) is never opened again. Thread-safe.
/// </summary>
/// <param name="first">The log, open and not yet recovered.</param>
/// <param name="reopen">Opens the same log again; the one before is disposed by then.</param>
/// <param name="time">Times the pauses between two tries.</param>
public sealed class ReopeningWal(IWriteAheadLog first, Func<CancellationToken, ValueTask<IWriteAheadLog>> reopen, TimeProvider time) : IWriteAheadLog
{
    /// <summary>
    /// From the end of a try to the next one, which reads all that the log holds: some seconds of reading, at most every so often, leave the disk to those who fetch.
    /// Appends in between fail at once.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    /// <summary>How long an append waits for a try, which goes on without it. 20 s: clients give a request 30 s, of which some have passed.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _closing = new();

    private volatile IWriteAheadLog _current = first;
    private volatile StorageException? _failure;
    private long _acknowledged;
    private long _trimmed;

    // Of the append whose turn it is.
    private Task<IWriteAheadLog>? _opening;
    private long? _lastTryEnded;

    // Appends that found a failed log wait for each other in the order of their calls; while some do, later ones queue behind them.
    private Task _lastInTurn = Task.CompletedTask;
    private int _inTurn;

    /// <summary>What of the log is lost or damaged, so that it takes nothing: it is tried again, but only somebody who restores it can help. Null: nothing.</summary>
    public StorageException? Loss => _failure is { Kind: StorageErrorKind.Corrupt } loss ? loss : null;

    public long CapacityBytes => _current.CapacityBytes;

    public long UsedBytes => _current.UsedBytes;

    public long SlotsWritten => _current.SlotsWritten;

    public async IAsyncEnumerable<WalRecoveredRecord> RecoverAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await foreach (WalRecoveredRecord recovered in _current.RecoverAsync(ct))
        {
            Raise(ref _acknowledged, recovered.Position.Value);
            yield return recovered;
        }
    }

    public async ValueTask<WalPosition> AppendAsync(IReadOnlyList<WalRecord> batch, CancellationToken ct)
    {
        bool isUsable = _failure is null && Volatile.Read(ref _inTurn) == 0;
        Started started = isUsable ? Start(_current, batch, ct) : await StartInTurnAsync(batch, ct);
        try
        {
            WalPosition last = await started.Append;
            Raise(ref _acknowledged, last.Value);
            return last;
        }
        catch (StorageException failure) when (failure is not WalFullException)
        {
            if (started.Log == _current)
            {
                _failure ??= failure;
            }

            throw;
        }
    }

    public ValueTask TrimAsync(WalPosition upTo, CancellationToken ct)
    {
        Raise(ref _trimmed, upTo.Value);
        return _current.TrimAsync(upTo, ct);
    }

    /// <summary>No append may be waiting any more.</summary>
    public async ValueTask DisposeAsync()
    {
        // Not on the pool, where a simulation does not see it.
        _closing.Cancel();
        if (_opening is { } opening)
        {
            await ((Task)opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            await (opening.IsCompletedSuccessfully ? (await opening).DisposeAsync() : ValueTask.CompletedTask);
        }

        await _current.DisposeAsync();
        _closing.Dispose();
    }

    private static void Raise(ref long position, long to)
    {
        long seen = Interlocked.Read(ref position);
        while (seen < to)
        {
            seen = Interlocked.CompareExchange(ref position, to, seen) is var found && found == seen ? to : found;
        }
    }

    // What a log throws at once, it also answers: so that every failure takes the same way.
    private static Started Start(IWriteAheadLog log, IReadOnlyList<WalRecord> batch, CancellationToken ct)
    {
        try
        {
            return new Started(log, log.AppendAsync(batch, ct));
        }
        catch (StorageException failure)
        {
            return new Started(log, ValueTask.FromException<WalPosition>(failure));
        }
    }

    private async ValueTask<Started> StartInTurnAsync(IReadOnlyList<WalRecord> batch, CancellationToken ct)
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        long called = time.GetTimestamp();
        Interlocked.Increment(ref _inTurn);
        Task before = Interlocked.Exchange(ref _lastInTurn, ended.Task);
        try
        {
            // It was called earlier, and so is out of patience earlier.
            await before;
            ct.ThrowIfCancellationRequested();
            return Start(await UsableAsync(called, ct), batch, ct);
        }
        finally
        {
            Interlocked.Decrement(ref _inTurn);
            ended.SetResult();
        }
    }

    /// <summary>The log, opened anew where it has failed; for the append whose turn it is.</summary>
    private async ValueTask<IWriteAheadLog> UsableAsync(long called, CancellationToken ct)
    {
        if (_failure is not { } failure)
        {
            return _current;
        }

        if (failure.Kind == StorageErrorKind.Fenced)
        {
            throw new StorageException(failure.Kind, failure.Message, failure);
        }

        if (_opening is null)
        {
            if (_lastTryEnded is { } end && time.GetElapsedTime(end) < Pause)
            {
                throw new StorageException(failure.Kind, $"{failure.Message} (it is opened again in at most {Pause.TotalSeconds} s)", failure);
            }

            _opening = OpenAnewAsync();
        }

        await OpenedAsync(_opening, failure, Patience - time.GetElapsedTime(called), ct);
        return await TakeOpenedAsync(_opening);
    }

    private async ValueTask OpenedAsync(Task opening, StorageException failure, TimeSpan patience, CancellationToken ct)
    {
        using CancellationTokenSource impatience = new(patience > TimeSpan.Zero ? patience : TimeSpan.Zero, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(impatience.Token, ct);
        await opening.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (!opening.IsCompleted)
        {
            ct.ThrowIfCancellationRequested();
            throw new StorageException(failure.Kind, $"{failure.Message} (it is being opened again, which takes long)", failure);
        }
    }

    private async ValueTask<IWriteAheadLog> TakeOpenedAsync(Task<IWriteAheadLog> opening)
    {
        _opening = null;
        try
        {
            _current = await opening;
            _failure = null;
            return _current;
        }
        catch (StorageException failure)
        {
            _failure = failure;
            throw new StorageException(failure.Kind, failure.Message, failure);
        }
    }

    private async Task<IWriteAheadLog> OpenAnewAsync()
    {
        // Not on the time of the append, whose wait is bounded.
        await Task.Yield();
        try
        {
            await _current.DisposeAsync();
            return await OpenAndRecoverAsync(_closing.Token);
        }
        catch (OperationCanceledException)
        {
            throw new StorageException(StorageErrorKind.Unavailable, "the WAL is closed");
        }
        finally
        {
            _lastTryEnded = time.GetTimestamp();
        }
    }

    private async ValueTask<IWriteAheadLog> OpenAndRecoverAsync(CancellationToken ct)
    {
        IWriteAheadLog log = await reopen(ct);
        try
        {
            long last = 0;
            await foreach (WalRecoveredRecord recovered in log.RecoverAsync(ct))
            {
                last = recovered.Position.Value;
            }

            long acknowledged = Interlocked.Read(ref _acknowledged);
            return last >= acknowledged || acknowledged <= Interlocked.Read(ref _trimmed)
                ? log
                : throw new StorageException(
                    StorageErrorKind.Corrupt, $"the WAL was opened anew and ends at position {last}, but {acknowledged} was acknowledged: what it lies on has lost records");
        }
        catch
        {
            await log.DisposeAsync();
            throw;
        }
    }

    /// <summary>An append on its way, and the log that has it.</summary>
    private readonly record struct Started(IWriteAheadLog Log, ValueTask<WalPosition> Append);
}
