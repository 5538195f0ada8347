namespace Broker.ObjectStore.Wal;

/// <summary>
/// What waits for the thread of a disk WAL: appends in call order and trims. Bounded by bytes. Thread-safe; one thread takes.
/// </summary>
internal sealed class AppendQueue(string folderName, long maxBytes)
{
    // Monitor, not Lock: the taker waits on it.
    private readonly object _gate = new();
    private readonly Queue<PendingAppend> _appends = new();
    private readonly List<TrimRequest> _trims = [];
    private long _bytes;
    private bool _closed;
    private StorageException? _failure;

    /// <summary>Queues an append.</summary>
    /// <exception cref="WalFullException">The queue is full.</exception>
    /// <exception cref="StorageException">The log failed earlier.</exception>
    public void Add(PendingAppend append)
    {
        lock (_gate)
        {
            ThrowIfEnded();
            if (_bytes > 0 && _bytes + append.SizeBytes > maxBytes)
            {
                throw new WalFullException(
                    $"{_bytes} bytes wait to be written to the WAL in '{folderName}', {append.SizeBytes} more than fit (wal.disk.queue.max.bytes)");
            }

            _bytes += append.SizeBytes;
            _appends.Enqueue(append);
            Monitor.Pulse(_gate);
        }
    }

    public void Add(TrimRequest trim)
    {
        lock (_gate)
        {
            ThrowIfEnded();
            _trims.Add(trim);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>
    /// Takes the next appends whose sizes add up to <paramref name="maxGroupBytes"/> at most (the first regardless), and all trims. What was taken
    /// counts as queued until <see cref="Done"/>.
    /// </summary>
    /// <param name="group">Filled with the appends; cleared first.</param>
    /// <param name="trims">Filled with the trims; cleared first.</param>
    /// <param name="remainingBytes">What the segment being written still takes: a group does not cross segments.</param>
    /// <param name="maxGroupBytes">The bound of a group.</param>
    /// <param name="wait">Whether to wait until there is something.</param>
    /// <returns>False: the queue is closed and empty; the taker ends. Else the lists may be empty only without <paramref name="wait"/>.</returns>
    public bool Take(List<PendingAppend> group, List<TrimRequest> trims, long remainingBytes, long maxGroupBytes, bool wait)
    {
        group.Clear();
        trims.Clear();
        lock (_gate)
        {
            while (wait && !_closed && _appends.Count == 0 && _trims.Count == 0)
            {
                Monitor.Wait(_gate);
            }

            trims.AddRange(_trims);
            _trims.Clear();
            TakeGroup(group, remainingBytes, maxGroupBytes);
            return !_closed || group.Count > 0 || trims.Count > 0;
        }
    }

    /// <summary>The appends that were taken are finished.</summary>
    public void Done(List<PendingAppend> group)
    {
        long bytes = group.Sum(append => append.SizeBytes);
        lock (_gate)
        {
            _bytes -= bytes;
        }
    }

    /// <summary>Nothing is added any more; what is queued is still taken.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Fails everything queued and everything to come.</summary>
    public void Fail(StorageException failure)
    {
        List<PendingAppend> appends;
        List<TrimRequest> trims;
        lock (_gate)
        {
            _failure ??= failure;
            appends = [.. _appends];
            trims = [.. _trims];
            _appends.Clear();
            _trims.Clear();
            _bytes = 0;
        }

        appends.ForEach(append => append.Fail(failure));
        trims.ForEach(trim => trim.Completion.SetException(failure));
    }

    private void TakeGroup(List<PendingAppend> group, long remainingBytes, long maxGroupBytes)
    {
        if (!_appends.TryPeek(out PendingAppend? first))
        {
            return;
        }

        long limit = first.SizeBytes <= remainingBytes ? Math.Min(remainingBytes, maxGroupBytes) : maxGroupBytes;
        long bytes = 0;
        while (_appends.TryPeek(out PendingAppend? next) && (group.Count == 0 || bytes + next.SizeBytes <= limit))
        {
            group.Add(_appends.Dequeue());
            bytes += next.SizeBytes;
        }
    }

    private void ThrowIfEnded()
    {
        if (_failure is not null)
        {
            throw new StorageException(_failure.Kind, _failure.Message, _failure);
        }

        ObjectDisposedException.ThrowIf(_closed, typeof(DiskWal));
    }
}

/// <summary>A trim on its way to the thread that does the I/O.</summary>
internal sealed record TrimRequest(WalPosition UpTo)
{
    public TaskCompletionSource Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
