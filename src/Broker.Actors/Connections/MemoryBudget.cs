namespace Broker.Actors.Connections;

/// <summary>
/// Bytes that all requests in progress may hold together. Whoever wants to read a request reserves its size first and
/// waits, in order of arrival, until others have given theirs back: so a full budget stops reading from sockets.
/// Thread-safe.
/// </summary>
public sealed class MemoryBudget(long capacityBytes)
{
    private readonly Lock _lock = new();
    private readonly Queue<Waiter> _waiters = new();
    private long _reservedBytes;

    /// <summary>What is reserved now, in bytes.</summary>
    public long ReservedBytes
    {
        get
        {
            lock (_lock)
            {
                return _reservedBytes;
            }
        }
    }

    /// <summary>Whether somebody waits for bytes that others hold.</summary>
    public bool HasWaiters
    {
        get
        {
            lock (_lock)
            {
                return _waiters.Any(waiter => !waiter.Admitted.Task.IsCompleted);
            }
        }
    }

    /// <summary>Takes <paramref name="bytes"/> at once, past whoever waits and past the bound: for what is small and bounded otherwise.</summary>
    public void Take(int bytes)
    {
        lock (_lock)
        {
            _reservedBytes += bytes;
        }
    }

    /// <summary>
    /// Takes <paramref name="bytes"/> out of the budget. A request larger than the whole budget gets through alone.
    /// </summary>
    public Task ReserveAsync(int bytes, CancellationToken cancellation)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (_waiters.Count == 0 && Fits(bytes))
            {
                _reservedBytes += bytes;
                return Task.CompletedTask;
            }

            waiter = new Waiter(bytes);
            _waiters.Enqueue(waiter);
        }

        return WaitAsync(waiter, cancellation);
    }

    /// <summary>Gives back what was reserved; call once for each reservation.</summary>
    public void Release(int bytes)
    {
        lock (_lock)
        {
            _reservedBytes -= bytes;
            AdmitWaiters();
        }
    }

    private async Task WaitAsync(Waiter waiter, CancellationToken cancellation)
    {
        await using CancellationTokenRegistration registration = cancellation.Register(() => waiter.Admitted.TrySetCanceled(cancellation));
        try
        {
            await waiter.Admitted.Task;
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
            {
                AdmitWaiters();
            }

            throw;
        }
    }

    private bool Fits(int bytes) => _reservedBytes == 0 || _reservedBytes + bytes <= capacityBytes;

    private void AdmitWaiters()
    {
        while (_waiters.TryPeek(out Waiter? next) && (next.Admitted.Task.IsCompleted || Fits(next.Bytes)))
        {
            _waiters.Dequeue();
            if (next.Admitted.TrySetResult())
            {
                _reservedBytes += next.Bytes;
            }
        }
    }

    private sealed record Waiter(int Bytes)
    {
        public TaskCompletionSource Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
