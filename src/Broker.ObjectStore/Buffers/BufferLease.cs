namespace Broker.ObjectStore.Buffers;

/// <summary>
/// One lent buffer. It starts with one reference; who hands it to a further owner calls <see cref="AddRef"/> first;
/// each owner calls <see cref="Release"/> once. The last release returns the array to its pool, after which every
/// use throws. Memory taken from the lease must not be touched after the holder's own release.
/// <para>Thread-safe in its reference count. A DEBUG build counts leases that nobody released
/// (<see cref="BufferPool.LeakCount"/>) with the stack that rented them.</para>
/// </summary>
public sealed class BufferLease
{
    private readonly BufferPool _pool;
    private readonly byte[] _array;
    private readonly int _length;
    private int _references = 1;

    internal BufferLease(BufferPool pool, byte[] array, int length)
    {
        _pool = pool;
        _array = array;
        _length = length;
    }

    /// <summary>The buffer, exactly as long as was asked for.</summary>
    /// <exception cref="ObjectDisposedException">The last reference was released.</exception>
    public Memory<byte> Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _references) <= 0, this);
            return _array.AsMemory(0, _length);
        }
    }

    /// <summary>Bytes of the whole array behind it: what the lease costs.</summary>
    public int CapacityBytes => _array.Length;

    /// <summary>Adds a reference for a further owner. The caller must hold one itself.</summary>
    /// <exception cref="ObjectDisposedException">The last reference was released.</exception>
    public void AddRef()
    {
        int seen = Volatile.Read(ref _references);
        while (true)
        {
            ObjectDisposedException.ThrowIf(seen <= 0, this);
            int before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    /// <summary>Gives up one reference; the last one returns the array to the pool.</summary>
    /// <exception cref="ObjectDisposedException">More releases than references: two owners believe they own one reference.</exception>
    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        if (left > 0)
        {
            return;
        }

        if (left < 0)
        {
            Interlocked.Increment(ref _references);
            throw new ObjectDisposedException(nameof(BufferLease), "The buffer was released more often than it was referenced.");
        }

#if DEBUG
#pragma warning disable CA1816 // The last Release is this type's Dispose: a lease has several owners, IDisposable has one.
        GC.SuppressFinalize(this);
#pragma warning restore CA1816
#endif
        _pool.Return(_array);
    }

#if DEBUG
    private readonly System.Diagnostics.StackTrace _rentedAt = new(2, fNeedFileInfo: false);

    ~BufferLease()
    {
        _pool.CountLeak(_array.Length, _rentedAt.ToString());
    }
#endif
}
