using System.Buffers;

namespace Broker.Wire.Compression;

/// <summary>
/// A buffer that grows up to a bound and takes its memory from the shared pool. Whoever creates it disposes it;
/// what it handed out is invalid afterwards.
/// </summary>
public sealed class BoundedBuffer : IBufferWriter<byte>, IDisposable
{
    /// <summary>What the first write allocates at least: small enough for a batch of one record, few doublings to a large one.</summary>
    private const int FirstBytes = 4096;

    private byte[] _array = [];
    private int _written;

    /// <param name="maxBytes">What it may hold at most.</param>
    public BoundedBuffer(int maxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxBytes, Array.MaxLength - 1);
        MaxBytes = maxBytes;
    }

    public int MaxBytes { get; }

    public int WrittenCount => _written;

    public ReadOnlyMemory<byte> WrittenMemory => _array.AsMemory(0, _written);

    public ReadOnlySpan<byte> WrittenSpan => _array.AsSpan(0, _written);

    /// <inheritdoc/>
    /// <exception cref="DecompressionLimitException">More is written than <see cref="MaxBytes"/>.</exception>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - _written);
        if (count > MaxBytes - _written)
        {
            throw new DecompressionLimitException(MaxBytes);
        }

        _written += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _array.AsMemory(_written, Math.Min(_array.Length, MaxBytes + 1) - _written);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Forgets what was written and keeps the memory.</summary>
    public void Clear() => _written = 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        _array = [];
        _written = 0;
    }

    /// <summary>
    /// Makes room for <paramref name="bytes"/>. One byte beyond the bound can be had, so that a writer who fills
    /// whatever it gets finds out that there was more.
    /// </summary>
    private void Reserve(int bytes)
    {
        long needed = (long)_written + bytes;
        if (needed > (long)MaxBytes + 1)
        {
            throw new DecompressionLimitException(MaxBytes);
        }

        if (needed <= _array.Length)
        {
            return;
        }

        long doubled = Math.Min(Math.Max(2L * _array.Length, FirstBytes), (long)MaxBytes + 1);
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Max(needed, doubled));
        WrittenSpan.CopyTo(larger);
        if (_array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        _array = larger;
    }
}
