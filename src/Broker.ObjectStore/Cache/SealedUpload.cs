using Broker.ObjectStore.Wal;

namespace Broker.ObjectStore.Cache;

/// <summary>The part of one stream in a <see cref="SealedUpload"/>: batches in offset order, without gaps.</summary>
public sealed record SealedStream(StreamId Stream, IReadOnlyList<CachedBatch> Batches);

/// <summary>
/// A snapshot of what is to be uploaded next: everything durable up to <see cref="LastPosition"/> that no earlier seal has. It holds its own
/// references to the bytes until it is disposed. Used by one owner; disposal is thread-safe and may be repeated.
/// </summary>
public sealed class SealedUpload : IDisposable
{
    private IReadOnlyList<SealedStream> _streams;

    internal SealedUpload(IReadOnlyList<SealedStream> streams, int entries, long sizeBytes, WalPosition lastPosition)
    {
        _streams = streams;
        Entries = entries;
        SizeBytes = sizeBytes;
        LastPosition = lastPosition;
    }

    /// <summary>
    /// The streams by ascending id; empty when there was nothing to upload, when all of it was removed meanwhile (mark it uploaded
    /// without an object), and after disposal.
    /// </summary>
    public IReadOnlyList<SealedStream> Streams => _streams;

    /// <summary>Bytes of all payloads.</summary>
    public long SizeBytes { get; }

    /// <summary>The WAL position of the last record in it; <see cref="WalPosition.None"/> when it holds nothing of this node's log.</summary>
    public WalPosition LastPosition { get; }

    /// <summary>There was nothing to seal. What others' logs hold has no position, and is something.</summary>
    public bool IsEmpty => Entries == 0;

    /// <summary>How many entries of the cache's order it covers, removed streams' included.</summary>
    internal int Entries { get; }

    public void Dispose()
    {
        foreach (SealedStream stream in Interlocked.Exchange(ref _streams, []))
        {
            foreach (CachedBatch batch in stream.Batches)
            {
                batch.Lease.Release();
            }
        }
    }
}
