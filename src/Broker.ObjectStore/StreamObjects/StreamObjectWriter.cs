using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.StreamObjects;

/// <summary>Encodes one stream's batches as an object of its own (docs/formats/stream-object.md). Stateless; thread-safe.</summary>
public sealed class StreamObjectWriter(StreamObjectWriterOptions options)
{
    /// <summary>
    /// The object of a stream's batches, in offset order. Payloads are not copied: keep their leases until the object was put.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="batches">At least one batch.</param>
    /// <param name="state">The stream's opaque state as of the end of the batches; empty when there is none.</param>
    public EncodedObject Write(StreamId stream, IReadOnlyList<CachedBatch> batches, ReadOnlyMemory<byte> state = default)
    {
        ArgumentNullException.ThrowIfNull(batches);
        if (batches.Count == 0)
        {
            throw new ArgumentException($"nothing to write of {stream}", nameof(batches));
        }

        ObjectEncoder encoder = new(ObjectKind.Stream, options);
        encoder.AddStream(stream, batches, state);
        return encoder.Finish();
    }
}
