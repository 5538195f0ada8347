namespace Broker.Wire.Primitives;

/// <summary>
/// An output that takes large byte runs as they lie in memory, instead of a copy. Its owner keeps that memory valid until the
/// output has been sent.
/// </summary>
public interface IReferenceWriter
{
    /// <summary>Appends <paramref name="bytes"/> behind everything that was advanced before.</summary>
    void WriteReference(ReadOnlyMemory<byte> bytes);
}
