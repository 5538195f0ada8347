using System.Buffers;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// Sends the appends of a bucket WAL in groups, each by one PUT, when its pacer says so, and tells them what became of it, in the order of their calls.
/// Ends with the first group that fails (B6). Thread-safe; it runs only while something is queued or in flight (B2).
/// </summary>
internal sealed class SlotPump(ConditionalLog log, BucketWalOptions options, SlotLedger ledger, long firstPosition)
{
    private readonly Lock _lock = new();
    private readonly Queue<PendingAppend> _queued = new();
    private readonly PutPacer _pacer = new(log.MaxInFlight, options);
    private long _queuedBytes;
    private long _nextPosition = firstPosition;
    private StorageException? _failure;
    private bool _isClosed;
    private bool _isPumping;
    private TaskCompletionSource? _wake;

    // Neither fails: what goes wrong is told to the appends.
    private Task _pumping = Task.CompletedTask;
    private Task _lastSent = Task.CompletedTask;

    /// <summary>Why nothing is sent any more; null while it is.</summary>
    public StorageException? Failure => Volatile.Read(ref _failure);

    /// <summary>Queues an append.</summary>
    /// <exception cref="WalFullException">There is no room.</exception>
    /// <exception cref="StorageException">An earlier append failed.</exception>
    public void Add(PendingAppend append)
    {
        lock (_lock)
        {
            Enqueue(append);
        }
    }

    /// <summary>Takes nothing more; completes when what is queued is settled.</summary>
    public async Task CloseAsync()
    {
        lock (_lock)
        {
            _isClosed = true;
        }

        await _pumping;
        await _lastSent;
    }

    private void Enqueue(PendingAppend append)
    {
        if (_failure is { } failure)
        {
            throw Again(failure);
        }

        ObjectDisposedException.ThrowIf(_isClosed, typeof(BucketWal));
        if (!ledger.TryReserve(append.SizeBytes))
        {
            throw new WalFullException(
                $"{ledger.UsedBytes} bytes in WAL '{options.Prefix}' are not uploaded and trimmed yet; {append.SizeBytes} more do not fit (wal.bucket.capacity.bytes)");
        }

        long before = _queuedBytes;
        _queued.Enqueue(append);
        _queuedBytes += append.SizeBytes;
        if (!_isPumping)
        {
            _isPumping = true;
            _pumping = PumpAsync();
        }
        else if (_pacer.MayGo(_queuedBytes, before))
        {
            _wake?.TrySetResult();
        }
    }

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

                wait = _pacer.Wait(_queuedBytes);
                if (wait == TimeSpan.Zero)
                {
                    start = _pacer.Start(_queuedBytes);
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
        using ITimer? timer = wait is { } limit ? options.Time.CreateTimer(_ => wake.TrySetResult(), null, limit, Timeout.InfiniteTimeSpan) : null;
        await wake.Task;
    }

    private List<PendingAppend> TakeGroup()
    {
        List<PendingAppend> group = [];
        long bytes = 0;
        while (_queued.TryPeek(out PendingAppend? next) && (group.Count == 0 || bytes + next.SizeBytes <= options.MaxBatchBytes))
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
            slot = await log.AppendAsync(body, crc, CancellationToken.None);
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
            _pacer.Ended(start);
            ledger.AddWritten(log.PositionAfter(slot), last, group.Sum(append => append.SizeBytes));
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
            _pacer.Ended(start);
            failure = _failure ??= ToFailure(cause);
            group.AddRange(_queued);
            _queued.Clear();
            _queuedBytes = 0;
            ledger.Release(group.Sum(append => append.SizeBytes));
            _wake?.TrySetResult();
        }

        group.ForEach(append => append.Fail(Again(failure)));
    }

    private StorageException ToFailure(Exception cause) => cause is StorageException { Kind: StorageErrorKind.Fenced }
        ? new StorageException(StorageErrorKind.Fenced, $"the WAL '{options.Prefix}' has another owner now: {cause.Message}", cause)
        : new StorageException(
            (cause as StorageException)?.Kind ?? StorageErrorKind.Unavailable,
            $"the WAL '{options.Prefix}' takes no more appends until it is opened anew: {cause.Message}",
            cause);

    // A new exception each time: its stack is the caller's.
    private static StorageException Again(StorageException failure) => new(failure.Kind, failure.Message, failure);
}
