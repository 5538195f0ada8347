using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.StreamObjects;

/// <summary>Encodes what one upload gathered, of many streams, as one object (docs/formats/stream-set-object.md). Stateless; thread-safe.</summary>
public sealed class StreamSetObjectWriter(StreamObjectWriterOptions options)
{
    /// <summary>
    /// The object of an upload's batches. Payloads are not copied: keep <paramref name="upload"/> undisposed until the object was put.
    /// </summary>
    /// <param name="upload">What to write; not empty.</param>
    /// <param name="stateOf">
    /// For each stream the opaque state as of the end of its batches (its producers' sequences); empty when there is none to keep.
    /// </param>
    public EncodedObject Write(SealedUpload upload, Func<StreamId, ReadOnlyMemory<byte>>? stateOf = null)
    {
        ArgumentNullException.ThrowIfNull(upload);
        if (upload.Streams.Count == 0)
        {
            throw new ArgumentException("nothing to write: the upload has no streams (or is disposed)", nameof(upload));
        }

        ObjectEncoder encoder = new(ObjectKind.StreamSet, options);
        foreach (SealedStream stream in upload.Streams)
        {
            encoder.AddStream(stream.Stream, stream.Batches, stateOf is null ? default : stateOf(stream.Stream));
        }

        return encoder.Finish();
    }
}
