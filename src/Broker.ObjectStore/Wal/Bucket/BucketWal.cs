using System.Buffers;
using System.Runtime.CompilerServices;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// The write-ahead log in the bucket (docs/formats/bucket-wal.md): a <see cref="ConditionalLog"/> each of whose slots holds what was gathered for one
/// PUT. Beside W1 to W6 of <see cref="IWriteAheadLog"/>, on G1 to G10 of that log:
/// <list type="number">
/// <item>B1. One PUT acknowledges a group of appends. Nothing else is asked of the store but by the opening, by trims that free something, and to
/// settle a PUT of unknown outcome. An append to an idle log is sent at once, if the budget allows.</item>
/// <item>B2. Without appends queued or in flight there are no requests and no timers.</item>
/// <item>B3. No PUT carries more than the batch's bound, unless one append alone is larger; at most k are in flight; those that are not full number at most
/// R * T + R in any T seconds, for a budget of R.</item>
/// <item>B4. Positions follow each other from slot to slot; where they do not, recovery is Corrupt.</item>
/// <item>B5. Once a recovery has fenced the log, no append of an earlier opening takes effect or is acknowledged; and an owner with a lower number than the
/// last one's never gets the log (Fenced).</item>
/// <item>B6. An append that was refused by the store or whose outcome stays unknown ends this instance, and fails what is queued and in flight behind it. The next
/// recovery decides: it returns such an append before all that is appended later, or the append never appears.</item>
/// <item>B7. A trim moves the log's boundary, durably, before it deletes, and frees whole slots; the newest slot stays, and carries the positions on. One
/// that frees nothing asks nothing of the store.</item>
/// <item>B8. Recovery needs the bucket, the log's name and the owner's number, and nothing else.</item>
/// </list>
/// Thread-safe, but <see cref="RecoverAsync"/>, which takes the log over, runs alone before anything else. No thread of its own; pauses by the options' clock.
/// </summary>
public sealed class BucketWal : IWriteAheadLog
{
    private const int NotRecovered = 0;
    private const int Recovering = 1;
    private const int Recovered = 2;

    private readonly BucketWalOptions _options;
    private readonly BucketWalOpening _opening;
    private readonly Lock _lock = new();
    private readonly Queue<PendingAppend> _queued = new();
    private readonly SlotLedger _ledger;
    private ConditionalLog? _log;
    private PutPacer? _pacer;
    private long _queuedBytes;
    private long _nextPosition = 1;
    private WalPosition _trimTo;
    private int _recovery = NotRecovered;
    private StorageException? _failure;
    private bool _isClosed;
    private bool _isPumping;
    private TaskCompletionSource? _wake;

    // Never fail: what goes wrong is told to the appends.
    private Task _pump = Task.CompletedTask;
    private Task _lastSent = Task.CompletedTask;
    private Task _lastTrim = Task.CompletedTask;

    /// <summary>Asks nothing of the store yet: <see cref="RecoverAsync"/> opens, fences and replays.</summary>
    /// <exception cref="StorageException">Invalid: bad options.</exception>
    public BucketWal(IObjectStore store, BucketWalOptions options)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _opening = new BucketWalOpening(store, options);
        _ledger = new SlotLedger(options.CapacityBytes);
    }

    /// <inheritdoc/>
    public long CapacityBytes => _options.CapacityBytes;

    /// <inheritdoc/>
    /// <remarks>Records that are not trimmed, with their lines in the tables of slots, and those on their way.</remarks>
    public long UsedBytes
    {
        get
        {
            lock (_lock)
            {
                return _ledger.UsedBytes;
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>Unavailable also when an owner trims faster than this reads. Fenced: another owner has the log (B5). Invalid: a newer version's.</remarks>
    public async IAsyncEnumerable<WalRecoveredRecord> RecoverAsync([EnumeratorCancellation] CancellationToken ct)
    {
        if (Interlocked.CompareExchange(ref _recovery, Recovering, NotRecovered) != NotRecovered)
        {
            throw new InvalidOperationException("a WAL is recovered once, before its first append");
        }

        await foreach (RecoveredSlot slot in _opening.RunAsync(ct))
        {
            _ledger.AddFound(slot.After, slot.Records[^1].Position, slot.SizeBytes);
            _nextPosition = slot.Records[^1].Position.Value + 1;
            foreach (WalRecoveredRecord record in slot.Records)
            {
                yield return record;
            }
        }

        _log = _opening.Log;
        _pacer = new PutPacer(_log.MaxInFlight, _options.MaxPutsPerSecond, _options.MaxLinger, _options.Time);
        Volatile.Write(ref _recovery, Recovered);
    }

    public ValueTask<WalPosition> AppendAsync(IReadOnlyList<WalRecord> batch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ThrowUnlessRecovered();
        ct.ThrowIfCancellationRequested();
        PendingAppend append = new(batch, BucketSlot.RecordBytes);
        if (append.SizeBytes > _options.LargestAppendBytes)
        {
            throw new ArgumentException(
                $"a batch of {append.SizeBytes} bytes can never fit this WAL; the most is {_options.LargestAppendBytes} (wal.bucket.capacity.bytes)", nameof(batch));
        }

        lock (_lock)
        {
            Enqueue(append);
        }

        return new ValueTask<WalPosition>(append.Completion);
    }

    public ValueTask TrimAsync(WalPosition upTo, CancellationToken ct)
    {
        ThrowUnlessRecovered();
        ct.ThrowIfCancellationRequested();
        lock (_lock)
        {
            _trimTo = upTo > _trimTo ? upTo : _trimTo;
            Task trim = TrimAfterAsync(_lastTrim, ct);
            _lastTrim = trim;
            return new ValueTask(trim);
        }
    }

    /// <summary>
    /// Lets go of the newest slot too, which is all that trims leave beside fences. For a log that is disposed and that nobody will open again: its
    /// positions would begin anew.
    /// </summary>
    /// <exception cref="StorageException">Unavailable: the slot stays in the bucket.</exception>
    public async ValueTask RetireAsync(CancellationToken ct)
    {
        if (_log is { } log)
        {
            await log.TrimAsync(log.Tail, ct);
        }
    }

    /// <summary>Sends what is queued and waits until all is settled. It does not trim.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _isClosed = true;
        }

        await _pump;
        await _lastSent;
        await SettledAsync(_lastTrim);
    }

    // Its failure is its caller's.
    private static async Task SettledAsync(Task task) =>
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    private void Enqueue(PendingAppend append)
    {
        if (_failure is { } failure)
        {
            throw Again(failure);
        }

        ObjectDisposedException.ThrowIf(_isClosed, this);
        if (!_ledger.TryReserve(append.SizeBytes))
        {
            throw new WalFullException(
                $"{_ledger.UsedBytes} bytes in WAL '{_options.Prefix}' are not uploaded and trimmed yet; {append.SizeBytes} more do not fit (wal.bucket.capacity.bytes)");
        }

        bool wasFull = IsFull;
        _queued.Enqueue(append);
        _queuedBytes += append.SizeBytes;
        if (!_isPumping)
        {
            _isPumping = true;
            _pump = PumpAsync();
        }
        else if (IsFull && !wasFull)
        {
            _wake?.TrySetResult();
        }
    }

    private bool IsFull => _queuedBytes >= _options.MaxBatchBytes;

    /// <summary>Sends group after group, until nothing is queued. One at a time runs: so groups go in the order in which they were gathered.</summary>
    private async Task PumpAsync()
    {
        // A PUT does work before its first wait: not on the appender's time, nor under the lock.
        await Task.Yield();
        while (true)
        {
            TimeSpan? wait;
            TaskCompletionSource wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
            List<PendingAppend>? group = null;
            (long position, long start) = (0, 0);
            lock (_lock)
            {
                if (_queued.Count == 0)
                {
                    _isPumping = false;
                    return;
                }

                wait = _pacer!.Wait(IsFull);
                if (wait == TimeSpan.Zero)
                {
                    start = _pacer.Start(IsFull);
                    group = TakeGroup();
                    position = _nextPosition;
                    _nextPosition += group.Sum(append => append.Records.Count);
                }
                else
                {
                    _wake = wake;
                }
            }

            if (group is not null)
            {
                _lastSent = SendAsync(group, position, start, _lastSent);
            }
            else
            {
                await WaitAsync(wake, wait);
            }
        }
    }

    private async Task WaitAsync(TaskCompletionSource wake, TimeSpan? wait)
    {
        using ITimer? timer = wait is { } limit ? _options.Time.CreateTimer(_ => wake.TrySetResult(), null, limit, Timeout.InfiniteTimeSpan) : null;
        await wake.Task;
    }

    private List<PendingAppend> TakeGroup()
    {
        List<PendingAppend> group = [];
        long bytes = 0;
        while (_queued.TryPeek(out PendingAppend? next) && (group.Count == 0 || bytes + next.SizeBytes <= _options.MaxBatchBytes))
        {
            group.Add(_queued.Dequeue());
            bytes += next.SizeBytes;
        }

        _queuedBytes -= bytes;
        return group;
    }

    private async Task SendAsync(List<PendingAppend> group, long position, long start, Task before)
    {
        long last = position + group.Sum(append => append.Records.Count) - 1;
        Exception? error = null;
        long slot = 0;
        try
        {
            (ReadOnlySequence<byte> body, uint crc) = BucketSlot.Encode(position, group);
            slot = await _log!.AppendAsync(body, crc, CancellationToken.None);
        }
        catch (Exception cause)
        {
            // Whatever it is, nobody knows what the log holds from here on, and waiting callers must hear of it.
            error = cause;
        }

        // The log's appends return in order, but what follows them may not run in it (W2).
        await before;
        if (error is null)
        {
            Acknowledge(group, position, new WalPosition(last), slot, start);
        }
        else
        {
            Fail(group, error, start);
        }
    }

    private void Acknowledge(List<PendingAppend> group, long position, WalPosition last, long slot, long start)
    {
        lock (_lock)
        {
            _pacer!.Ended(start);
            _ledger.AddWritten(_log!.PositionAfter(slot), last, group.Sum(append => append.SizeBytes));
            _wake?.TrySetResult();
        }

        foreach (PendingAppend append in group)
        {
            position += append.Records.Count;
            append.Complete(new WalPosition(position - 1));
        }
    }

    private void Fail(List<PendingAppend> group, Exception cause, long start)
    {
        StorageException failure;
        lock (_lock)
        {
            _pacer!.Ended(start);
            failure = _failure ??= ToFailure(cause);
            group.AddRange(_queued);
            _queued.Clear();
            _queuedBytes = 0;
            _ledger.Release(group.Sum(append => append.SizeBytes));
            _wake?.TrySetResult();
        }

        group.ForEach(append => append.Fail(Again(failure)));
    }

    private StorageException ToFailure(Exception cause) => cause is StorageException { Kind: StorageErrorKind.Fenced }
        ? new StorageException(StorageErrorKind.Fenced, $"the WAL '{_options.Prefix}' has another owner now: {cause.Message}", cause)
        : new StorageException(
            (cause as StorageException)?.Kind ?? StorageErrorKind.Unavailable,
            $"the WAL '{_options.Prefix}' takes no more appends until it is opened anew: {cause.Message}",
            cause);

    private async Task TrimAfterAsync(Task before, CancellationToken ct)
    {
        await SettledAsync(before);

        // Not under the lock of the caller, whose turn may be the last one's continuation.
        await Task.Yield();
        LogPosition? end;
        WalPosition upTo;
        lock (_lock)
        {
            if (_failure is { Kind: StorageErrorKind.Fenced } fenced)
            {
                throw Again(fenced);
            }

            upTo = _trimTo;
            end = _ledger.FindTrim(upTo);
        }

        if (end is { } first)
        {
            await _log!.TrimAsync(first, ct);
        }

        lock (_lock)
        {
            _ledger.Trimmed(end, upTo);
        }
    }

    // A new exception each time: its stack is the caller's.
    private static StorageException Again(StorageException failure) => new(failure.Kind, failure.Message, failure);

    private void ThrowUnlessRecovered()
    {
        if (Volatile.Read(ref _recovery) != Recovered)
        {
            throw new InvalidOperationException("recover the WAL to its end before the first append or trim");
        }
    }
}
