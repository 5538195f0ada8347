using Broker.ObjectStore.Buffers;

namespace Broker.ObjectStore.Cache;

/// <summary>
/// Loads the blocks <paramref name="first"/> to <paramref name="first"/> + destinations - 1 of those that were asked for, each into its own
/// destination, which is exactly as long as the block was said to be. When the call has ended nobody may write to them any more.
/// </summary>
public delegate ValueTask BlockLoader(int first, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct);

/// <summary>
/// The bounded cache of what was read from the object store, in buffers of a pool. Readers of one block that is being loaded wait for the one load
/// (single flight). A failed load fails its waiters and leaves nothing behind. Cached bytes are immutable and shared: the cache holds one
/// reference to each block while it keeps it, each reader one while it uses it.
/// <para>Thread-safe. The bound is of what is kept and what is being loaded, in whole buffers; room is made before a load begins, so that it reuses
/// the buffers of what was evicted. On top come only evicted blocks that readers still hold.</para>
/// </summary>
public sealed class BlockCache : IDisposable
{
    private readonly Lock _lock = new();
    private readonly BufferPool _buffers;
    private readonly SieveList _kept;
    private readonly LoadBudget _loads;
    private readonly Dictionary<BlockKey, LoadingBlock> _loading = [];
    private readonly CancellationTokenSource _disposal = new();
    private readonly CancellationToken _disposed;
    private bool _isDisposed;
    private long _hits;
    private long _misses;

    public BlockCache(BlockCacheOptions options, BufferPool buffers)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(buffers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.CapacityBytes);
        CapacityBytes = options.CapacityBytes;
        _buffers = buffers;
        _disposed = _disposal.Token;
        // Half of it: as far apart as two reads of one reader are, when many share the cache.
        _kept = new SieveList(togetherBytes: options.CapacityBytes / 2);

        // Half: however many readers there are, loads leave the other half of the cache to be a cache.
        _loads = new LoadBudget(options.CapacityBytes / 2);
    }

    public long CapacityBytes { get; }

    /// <summary>
    /// Bytes of the buffers kept and being filled, bookkeeping included; never above the capacity, but for one load that alone is larger.
    /// </summary>
    public long SizeBytes
    {
        get
        {
            lock (_lock)
            {
                return _kept.SizeBytes + _loads.LoadingBytes;
            }
        }
    }

    /// <summary>Blocks that were there, or on their way, when asked for.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>Blocks that had to be loaded.</summary>
    public long Misses => Interlocked.Read(ref _misses);

    /// <summary>
    /// All blocks that are asked for, in their order; of each, one reference belongs to the caller. Neighbours that are neither kept nor on their way
    /// go into one call of <paramref name="load"/>. Cancellation ends the caller's wait, not the load, as others may wait for it too.
    /// </summary>
    public async ValueTask<IReadOnlyList<BufferLease>> GetOrLoadAsync(
        IReadOnlyList<BlockRequest> requests, BlockLoader load, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(load);
        ct.ThrowIfCancellationRequested();
        BufferLease?[] blocks = new BufferLease?[requests.Count];
        LoadingBlock?[] awaited = new LoadingBlock?[requests.Count];
        foreach ((int first, int count) in Claim(requests, blocks, awaited))
        {
            // Not awaited: it never fails itself, and its outcome reaches everyone who waits for a block.
            _ = LoadRunAsync(requests, awaited, first, count, load);
        }

        try
        {
            for (int i = 0; i < blocks.Length; i++)
            {
                if (awaited[i] is { } loading)
                {
                    blocks[i] = await loading.Loaded.WaitAsync(ct);
                }
            }
        }
        catch
        {
            GiveUp(blocks, awaited);
            throw;
        }

        return blocks!;
    }

    /// <summary>
    /// Loads those blocks that are neither kept nor on their way, for readers to come: the first that takes such a block finds it as if it had just
    /// been loaded, so that what is read once only, however early it was loaded, leaves the cache in the order in which it came.
    /// </summary>
    public async Task LoadAheadAsync(IReadOnlyList<BlockRequest> requests, BlockLoader load)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(load);
        LoadingBlock?[] claimed = new LoadingBlock?[requests.Count];
        await Task.WhenAll(ClaimAhead(requests, claimed).Select(run => LoadRunAsync(requests, claimed, run.First, run.Count, load)));
    }

    /// <summary>Cancels the loads in flight and gives up what is kept; readers keep what they hold.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            _kept.ShrinkTo(0);
        }

        // Outside the lock: it runs what the loads do when they are cancelled.
        _disposal.Cancel();
        _disposal.Dispose();
    }

    /// <summary>Takes what is kept, joins what is on its way, and claims the rest: the runs to load.</summary>
    private List<(int First, int Count)> Claim(IReadOnlyList<BlockRequest> requests, BufferLease?[] blocks, LoadingBlock?[] awaited)
    {
        List<(int First, int Count)> runs = [];
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            for (int i = 0; i < requests.Count; i++)
            {
                BlockKey key = requests[i].Key;
                if (_kept.TryGet(key, out BufferLease? kept))
                {
                    kept.AddRef();
                    blocks[i] = kept;
                    _hits++;
                    continue;
                }

                if (_loading.TryGetValue(key, out LoadingBlock? loading))
                {
                    _hits++;
                }
                else
                {
                    _misses++;
                    _loading.Add(key, loading = new LoadingBlock());
                    AddToRuns(runs, i);
                }

                loading.Join();
                awaited[i] = loading;
            }
        }

        return runs;
    }

    /// <summary>Claims what is neither kept nor on its way: the runs to load.</summary>
    private List<(int First, int Count)> ClaimAhead(IReadOnlyList<BlockRequest> requests, LoadingBlock?[] claimed)
    {
        List<(int First, int Count)> runs = [];
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            for (int i = 0; i < requests.Count; i++)
            {
                BlockKey key = requests[i].Key;
                if (!_kept.Contains(key) && _loading.TryAdd(key, claimed[i] = new LoadingBlock()))
                {
                    _misses++;
                    AddToRuns(runs, i);
                }
            }
        }

        return runs;
    }

    private static void AddToRuns(List<(int First, int Count)> runs, int index)
    {
        if (runs.Count > 0 && runs[^1].First + runs[^1].Count == index)
        {
            runs[^1] = (runs[^1].First, runs[^1].Count + 1);
        }
        else
        {
            runs.Add((index, 1));
        }
    }

    private async Task LoadRunAsync(IReadOnlyList<BlockRequest> requests, LoadingBlock?[] awaited, int first, int count, BlockLoader load)
    {
        long bytes = 0;
        for (int i = first; i < first + count; i++)
        {
            bytes += CostOf(BufferPool.CapacityOf(requests[i].SizeBytes));
        }

        Task turn;
        lock (_lock)
        {
            turn = _loads.EnterAsync(bytes);
        }

        await turn;
        BufferLease[] leases = [];
        try
        {
            MakeRoom();
            leases = [.. requests.Skip(first).Take(count).Select(request => _buffers.Rent(request.SizeBytes))];
            _disposed.ThrowIfCancellationRequested();
            await load(first, Array.ConvertAll(leases, lease => lease.Memory), _disposed);
            Succeed(requests, awaited, first, leases, bytes);
        }
        catch (Exception error)
        {
            // Whatever it is, it is the waiters' answer; none may wait for ever.
            Fail(requests, awaited, first, count, leases, bytes, error);
        }
    }

    private void MakeRoom()
    {
        lock (_lock)
        {
            _kept.ShrinkTo(CapacityBytes - _loads.LoadingBytes);
        }
    }

    private void Succeed(IReadOnlyList<BlockRequest> requests, LoadingBlock?[] awaited, int first, BufferLease[] leases, long bytes)
    {
        lock (_lock)
        {
            _loads.Release(bytes);
            for (int i = 0; i < leases.Length; i++)
            {
                _loading.Remove(requests[first + i].Key);
                LoadingBlock loading = awaited[first + i]!;
                loading.Succeed(leases[i]);
                Keep(requests[first + i].Key, leases[i], isUnused: !loading.WasJoined);
            }
        }
    }

    /// <summary>Keeps a block, unless it alone would flush a quarter of the cache or loads leave no room; takes over the reference.</summary>
    private void Keep(BlockKey key, BufferLease lease, bool isUnused)
    {
        long cost = CostOf(lease.CapacityBytes);
        if (_isDisposed || cost > Math.Min(CapacityBytes / 4, CapacityBytes - _loads.LoadingBytes))
        {
            lease.Release();
            return;
        }

        _kept.ShrinkTo(CapacityBytes - _loads.LoadingBytes - cost);
        _kept.Add(key, lease, isUnused);
    }

    private void Fail(
        IReadOnlyList<BlockRequest> requests, LoadingBlock?[] awaited, int first, int count, BufferLease[] leases, long bytes, Exception error)
    {
        lock (_lock)
        {
            foreach (BufferLease lease in leases)
            {
                lease.Release();
            }

            _loads.Release(bytes);
            for (int i = first; i < first + count; i++)
            {
                _loading.Remove(requests[i].Key);
                awaited[i]!.Fail(error);
            }
        }
    }

    /// <summary>Releases what a reader took, and leaves what it waits for.</summary>
    private void GiveUp(BufferLease?[] taken, LoadingBlock?[] awaited)
    {
        lock (_lock)
        {
            for (int i = 0; i < taken.Length; i++)
            {
                if (taken[i] is { } lease)
                {
                    lease.Release();
                }
                else
                {
                    awaited[i]!.Leave();
                }
            }
        }
    }

    private static long CostOf(int bufferBytes) => bufferBytes + SieveList.EntryOverheadBytes;
}
