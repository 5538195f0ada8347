using System.Numerics;

namespace Broker.ObjectStore.Buffers;

/// <summary>
/// Lends byte arrays in size classes (from 512 B to 4 MiB, four to each doubling, so that at most a fifth of an array is
/// wasted: requests are often a little larger than a power of two; a larger one is allocated at exactly its size and never kept). A lease has one owner at a time and is reference-counted for fan-out. Contents of a
/// fresh lease are arbitrary.
/// <para>Thread-safe. One short lock per size class; no allocation but the lease itself when the class has a buffer.</para>
/// </summary>
public sealed class BufferPool
{
    /// <summary>The smallest array handed out; smaller requests are rounded up to it.</summary>
    public const int MinClassBytes = 512;

    /// <summary>The largest array that is kept for reuse.</summary>
    public const int MaxClassBytes = 4 << 20;

    private const int ClassesPerDoubling = 4;

    private static readonly int MinClassLog2 = BitOperations.Log2(MinClassBytes);

    private readonly SizeClass[] _classes;
    private readonly long _maxRetainedBytes;
    private long _outstandingBytes;
    private long _retainedBytes;
    private long _leakCount;
    private volatile string? _lastLeak;

    public BufferPool(BufferPoolOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _maxRetainedBytes = options.MaxRetainedBytes;
        _classes = new SizeClass[ClassOf(MaxClassBytes) + 1];
        for (int i = 0; i < _classes.Length; i++)
        {
            _classes[i] = new SizeClass();
        }
    }

    /// <summary>Bytes of all arrays now lent out (whole arrays, not the requested lengths).</summary>
    public long OutstandingBytes => Interlocked.Read(ref _outstandingBytes);

    /// <summary>Bytes of all arrays kept for reuse; never above <see cref="BufferPoolOptions.MaxRetainedBytes"/>.</summary>
    public long RetainedBytes => Interlocked.Read(ref _retainedBytes);

    /// <summary>Leases that were collected without their last release. Counted in DEBUG builds only; a leak is a bug of the owner.</summary>
    public long LeakCount => Interlocked.Read(ref _leakCount);

    /// <summary>Where the last leaked lease was rented (DEBUG builds), or null.</summary>
    public string? LastLeak => _lastLeak;

    /// <summary>
    /// Lends a buffer whose <see cref="BufferLease.Memory"/> is exactly <paramref name="minBytes"/> long. The caller
    /// owns the one reference it comes with.
    /// </summary>
    public BufferLease Rent(int minBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(minBytes);
        byte[] array = minBytes > MaxClassBytes ? Allocate(minBytes) : TakeOrAllocate(minBytes);
        Interlocked.Add(ref _outstandingBytes, array.Length);
        return new BufferLease(this, array, minBytes);
    }

    /// <summary>What a lease of <paramref name="minBytes"/> costs: its <see cref="BufferLease.CapacityBytes"/>.</summary>
    public static int CapacityOf(int minBytes) => minBytes > MaxClassBytes ? minBytes : BytesOf(ClassOf(minBytes));

    internal void Return(byte[] array)
    {
        Interlocked.Add(ref _outstandingBytes, -array.Length);
        if (array.Length > MaxClassBytes)
        {
            return;
        }

        if (Interlocked.Add(ref _retainedBytes, array.Length) > _maxRetainedBytes)
        {
            Interlocked.Add(ref _retainedBytes, -array.Length);
            return;
        }

        _classes[ClassOf(array.Length)].Push(array);
    }

    internal void CountLeak(int bytes, string rentedAt)
    {
        // The array itself is not taken back: somebody may still hold its memory.
        Interlocked.Add(ref _outstandingBytes, -bytes);
        Interlocked.Increment(ref _leakCount);
        _lastLeak = rentedAt;
    }

    private static int ClassOf(int bytes)
    {
        if (bytes <= MinClassBytes)
        {
            return 0;
        }

        int log2 = BitOperations.Log2((uint)bytes - 1);
        int step = (bytes - 1 - (1 << log2)) / ((1 << log2) / ClassesPerDoubling);
        return ((log2 - MinClassLog2) * ClassesPerDoubling) + step + 1;
    }

    private static int BytesOf(int index)
    {
        if (index == 0)
        {
            return MinClassBytes;
        }

        (int doubling, int step) = Math.DivRem(index - 1, ClassesPerDoubling);
        int from = MinClassBytes << doubling;
        return from + (from / ClassesPerDoubling * (step + 1));
    }

    private static byte[] Allocate(int bytes) => GC.AllocateUninitializedArray<byte>(bytes);

    private byte[] TakeOrAllocate(int bytes)
    {
        int index = ClassOf(bytes);
        if (_classes[index].TryPop(out byte[]? array))
        {
            Interlocked.Add(ref _retainedBytes, -array.Length);
            return array;
        }

        return Allocate(BytesOf(index));
    }

    /// <summary>The kept arrays of one size; last in, first out, so that the warmest array is reused.</summary>
    private sealed class SizeClass
    {
        private readonly Lock _lock = new();
        private readonly Stack<byte[]> _arrays = new();

        public void Push(byte[] array)
        {
            lock (_lock)
            {
                _arrays.Push(array);
            }
        }

        public bool TryPop([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out byte[]? array)
        {
            lock (_lock)
            {
                return _arrays.TryPop(out array);
            }
        }
    }
}
