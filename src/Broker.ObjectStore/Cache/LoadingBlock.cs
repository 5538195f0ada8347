using Broker.ObjectStore.Buffers;

namespace Broker.ObjectStore.Cache;

/// <summary>
/// A block on its way: each reader that waits for it is promised one reference to its lease, also while nobody looks: between the end of
/// the load and the reader's turn the cache may evict it. Guarded by the cache's lock, but for <see cref="Loaded"/>.
/// </summary>
internal sealed class LoadingBlock
{
    // Not under the lock, and not on the loader's stack: what a reader does next is its own affair.
    private readonly TaskCompletionSource<BufferLease> _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private BufferLease? _lease;
    private int _readers;
    private bool _hasFailed;

    /// <summary>Ends with the lease, of which one reference then belongs to each joined reader, or with the load's error.</summary>
    public Task<BufferLease> Loaded => _loaded.Task;

    /// <summary>Whether a reader ever waited for it.</summary>
    public bool WasJoined { get; private set; }

    public void Join()
    {
        _readers++;
        WasJoined = true;
    }

    /// <summary>A joined reader goes without its block; a reference that it was given meanwhile is released.</summary>
    public void Leave()
    {
        if (_lease is not null)
        {
            _lease.Release();
        }
        else if (!_hasFailed)
        {
            _readers--;
        }
    }

    /// <summary>Gives every reader its reference; the caller's own stays the caller's.</summary>
    public void Succeed(BufferLease lease)
    {
        _lease = lease;
        for (int i = 0; i < _readers; i++)
        {
            lease.AddRef();
        }

        _loaded.SetResult(lease);
    }

    public void Fail(Exception error)
    {
        _hasFailed = true;
        _loaded.SetException(error);
        // All readers may have left: the error counts as seen.
        _ = _loaded.Task.Exception;
    }
}
