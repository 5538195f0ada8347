namespace Broker.ObjectStore;

/// <summary>
/// How many requests may run at a time: one more for each round of successes at the limit, a fraction of it when one was throttled (additive increase,
/// multiplicative decrease, as TCP's congestion control: Chiu and Jain, 1989). All requests of one overload count as one: those that were begun before
/// a decrease do not cause another. First come, first served. Thread-safe.
/// </summary>
internal sealed class AdaptiveLimit(ThrottlingObjectStoreOptions options)
{
    private readonly object _lock = new();
    private readonly LinkedList<TaskCompletionSource<Turn>> _waiting = new();
    private double _limit = options.MaxConcurrent;
    private int _running;
    private long _decreases;

    /// <summary>A request that runs; remembers how often the limit had been decreased when it began.</summary>
    internal readonly record struct Turn(long Decreases);

    /// <summary>Requests that may run at a time, at present.</summary>
    internal int Limit
    {
        get
        {
            lock (_lock)
            {
                return (int)_limit;
            }
        }
    }

    /// <summary>Requests that wait for their turn.</summary>
    internal int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Waits for a turn. Each turn ends by one call of <see cref="End"/>.</summary>
    /// <exception cref="StorageException">Unavailable: too many wait, or it took too long.</exception>
    internal async ValueTask<Turn> BeginAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        LinkedListNode<TaskCompletionSource<Turn>> place;
        lock (_lock)
        {
            if (_waiting.Count == 0 && _running < (int)_limit)
            {
                return Start();
            }

            if (_waiting.Count >= options.MaxWaiting)
            {
                throw Refused($"{_waiting.Count} requests wait already");
            }

            place = _waiting.AddLast(new TaskCompletionSource<Turn>());
        }

        try
        {
            Turn turn = await place.Value.Task.WaitAsync(options.MaxWait, options.Time, ct);
            // Not on the stack of the request that ended: a thousand that wait would stand on each other's.
            await Task.Yield();
            return turn;
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            if (!TryLeave(place))
            {
                // The turn came at the same moment; it passes on to the next.
                End(await place.Value.Task, wasThrottled: false, wasServed: false);
            }

            throw error is TimeoutException ? Refused($"no turn within {options.MaxWait.TotalSeconds:0.###} s") : error;
        }
    }

    /// <summary>A turn is over.</summary>
    /// <param name="wasThrottled">The store said that it was too much.</param>
    /// <param name="wasServed">The store did what was asked. Neither: another failure, which says nothing of the load.</param>
    internal void End(Turn turn, bool wasThrottled, bool wasServed)
    {
        List<(TaskCompletionSource<Turn> Waiting, Turn Turn)> next = [];
        lock (_lock)
        {
            if (wasThrottled && turn.Decreases == _decreases)
            {
                _limit = Math.Max(options.MinConcurrent, Math.Floor(_limit * options.Decrease));
                _decreases++;
            }
            else if (wasServed && _running >= (int)_limit)
            {
                // Only at the limit: a store that nobody presses says nothing of what it bears.
                _limit = Math.Min(options.MaxConcurrent, _limit + (1 / _limit));
            }

            _running--;
            while (_running < (int)_limit && _waiting.First is { } first)
            {
                _waiting.RemoveFirst();
                next.Add((first.Value, Start()));
            }
        }

        // Outside the lock: what waits goes on at once.
        next.ForEach(one => one.Waiting.SetResult(one.Turn));
    }

    private bool TryLeave(LinkedListNode<TaskCompletionSource<Turn>> place)
    {
        lock (_lock)
        {
            bool isThere = place.List is not null;
            if (isThere)
            {
                _waiting.Remove(place);
            }

            return isThere;
        }
    }

    private Turn Start()
    {
        _running++;
        return new Turn(_decreases);
    }

    private StorageException Refused(string why)
        => new(StorageErrorKind.Unavailable, $"the object store is overloaded: {why}, and {Limit} may run at a time");
}
