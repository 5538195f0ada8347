using System.Runtime.CompilerServices;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// A log that is opened anew, by the next append, after it has failed: a disk may fail one write or sync and take all others. The append that
/// failed stays failed, with an unknown outcome; what became of it is decided as after a crash (W3). Keeps W1 to W6: it goes on only
/// with a log that has recovered everything which was acknowledged. Thread-safe.
/// </summary>
/// <param name="first">The log, open and not yet recovered.</param>
/// <param name="reopen">Opens the same log again; the one before is disposed by then.</param>
/// <param name="time">Times the pauses between two tries.</param>
public sealed class ReopeningWal(IWriteAheadLog first, Func<CancellationToken, ValueTask<IWriteAheadLog>> reopen, TimeProvider time) : IWriteAheadLog
{
    /// <summary>A try reads all that the log holds: some seconds of reading, at most every so often, leave the disk to those who fetch.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1);
    private volatile IWriteAheadLog _current = first;
    private volatile StorageException? _failure;
    private long _acknowledged;
    private long _trimmed;
    private long? _lastTry;

    public long CapacityBytes => _current.CapacityBytes;

    public long UsedBytes => _current.UsedBytes;

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
        IWriteAheadLog log = _failure is null ? _current : await ReopenAsync(ct);
        try
        {
            WalPosition last = await log.AppendAsync(batch, ct);
            Raise(ref _acknowledged, last.Value);
            return last;
        }
        catch (StorageException failure) when (failure is not WalFullException)
        {
            if (log == _current)
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

    public async ValueTask DisposeAsync()
    {
        await _current.DisposeAsync();
        _turn.Dispose();
    }

    private static void Raise(ref long position, long to)
    {
        long seen = Interlocked.Read(ref position);
        while (seen < to)
        {
            seen = Interlocked.CompareExchange(ref position, to, seen) is var found && found == seen ? to : found;
        }
    }

    private async ValueTask<IWriteAheadLog> ReopenAsync(CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            if (_failure is not { } failure)
            {
                return _current;
            }

            if (_lastTry is { } lastTry && time.GetElapsedTime(lastTry) < Pause)
            {
                throw new StorageException(failure.Kind, $"{failure.Message} (it is opened again in at most {Pause.TotalSeconds} s)", failure);
            }

            _lastTry = time.GetTimestamp();
            await _current.DisposeAsync();
            _current = await OpenAndRecoverAsync(ct);
            _failure = null;
            return _current;
        }
        catch (StorageException failure)
        {
            _failure = failure.InnerException as StorageException ?? failure;
            throw;
        }
        finally
        {
            _turn.Release();
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
                    StorageErrorKind.Corrupt, $"the WAL was opened anew and ends at position {last}, but {acknowledged} was acknowledged: its disk has lost records");
        }
        catch
        {
            await log.DisposeAsync();
            throw;
        }
    }
}
