using System.Buffers;

namespace Broker.Wire.Unit;

/// <summary>An output that lends as little memory at a time as it may, so that writers meet every boundary.</summary>
internal sealed class ChunkedOutput : IBufferWriter<byte>
{
    private readonly List<byte> _written = [];
    private byte[] _lent = [];

    public byte[] ToArray() => [.. _written];

    public void Advance(int count) => _written.AddRange(_lent.AsSpan(0, count));

    public Memory<byte> GetMemory(int sizeHint = 0) => _lent = new byte[Math.Max(sizeHint, 3)];

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
