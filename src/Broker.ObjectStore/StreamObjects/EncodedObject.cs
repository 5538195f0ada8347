using System.Buffers;
using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.StreamObjects;

/// <summary>
/// An object ready to be put. Its body refers to the batches' own memory: keep their leases (the sealed upload) until the put is done.
/// </summary>
/// <param name="Body">The bytes.</param>
/// <param name="Sections">What is in it, by stream, then offset: for the metadata. A stream has one section for each leader epoch here, as objects are uploaded; compaction joins them.</param>
public sealed record EncodedObject(ReadOnlySequence<byte> Body, IReadOnlyList<StreamRange> Sections)
{
    /// <summary>Bytes of the whole object.</summary>
    public long SizeBytes { get; } = Body.Length;
}
