namespace Broker.ObjectStore;

/// <summary>
/// How many requests may run at a time: one more for each round of successes at the limit, a fraction of it when one was throttled (additive increase,
/// multiplicative decrease, as TCP's congestion control: Chiu and Jain, 1989). All requests of one overload count as one: those that were begun before
/// a decrease do not cause another. Thread-safe.
/// <para>Two lanes, each first come, first served: urgent requests, on which every acknowledgement waits, go first, and a quarter of the turns is theirs alone, so that
/// reads that hang do not stop writes. With few turns, a throttled store, none is set aside.</para>
/// </summary>
internal sealed class AdaptiveLimit(ThrottlingObjectStoreOptions options)
{
    private readonly object _lock = new();
    private readonly LinkedList<TaskCompletionSource<Turn>> _urgent = new();
    private readonly LinkedList<TaskCompletionSource<Turn>> _ordinary = new();
    private double _limit = options.MaxConcurrent;
    private int _running;
    private int _runningOrdinary;
    private long _decreases;

    /// <summary>A request that runs; remembers how often the limit had been decreased when it began.</summary>
    internal readonly record struct Turn(bool IsUrgent, long Decreases);

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
                return _urgent.Count + _ordinary.Count;
            }
        }
    }

    /// <summary>Waits for a turn. Each turn ends by one call of <see cref="End"/>.</summary>
    /// <exception cref="StorageException">Unavailable: too many wait, or it took too long.</exception>
    internal async ValueTask<Turn> BeginAsync(bool isUrgent, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        LinkedList<TaskCompletionSource<Turn>> lane = isUrgent ? _urgent : _ordinary;
        LinkedListNode<TaskCompletionSource<Turn>> place;
        lock (_lock)
        {
            if (lane.Count == 0 && MayStart(isUrgent))
            {
                return Start(isUrgent);
            }

            if (lane.Count >= options.MaxWaiting)
            {
                throw Refused($"{lane.Count} requests wait already");
            }

            place = lane.AddLast(new TaskCompletionSource<Turn>());
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
            else if (wasServed && (_running >= (int)_limit || _runningOrdinary >= OrdinaryLimit))
            {
                // Only at the limit: a store that nobody presses says nothing of what it bears.
                _limit = Math.Min(options.MaxConcurrent, _limit + (1 / _limit));
            }

            _running--;
            _runningOrdinary -= turn.IsUrgent ? 0 : 1;
            StartWaiting(_urgent, isUrgent: true, next);
            StartWaiting(_ordinary, isUrgent: false, next);
        }

        // Outside the lock: what waits goes on at once.
        next.ForEach(one => one.Waiting.SetResult(one.Turn));
    }

    private bool TryLeave(LinkedListNode<TaskCompletionSource<Turn>> place)
    {
        lock (_lock)
        {
            LinkedList<TaskCompletionSource<Turn>>? lane = place.List;
            lane?.Remove(place);
            return lane is not null;
        }
    }

    private int OrdinaryLimit => (int)_limit - ((int)_limit / 4);

    private bool MayStart(bool isUrgent) => _running < (int)_limit && (isUrgent || _runningOrdinary < OrdinaryLimit);

    private void StartWaiting(LinkedList<TaskCompletionSource<Turn>> lane, bool isUrgent, List<(TaskCompletionSource<Turn> Waiting, Turn Turn)> started)
    {
        while (lane.First is { } first && MayStart(isUrgent))
        {
            lane.RemoveFirst();
            started.Add((first.Value, Start(isUrgent)));
        }
    }

    private Turn Start(bool isUrgent)
    {
        _running++;
        _runningOrdinary += isUrgent ? 0 : 1;
        return new Turn(isUrgent, _decreases);
    }

    private StorageException Refused(string why)
        => new(StorageErrorKind.Unavailable, $"the object store is overloaded: {why}, and {Limit} may run at a time");
}
