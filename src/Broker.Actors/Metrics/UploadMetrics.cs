namespace Broker.Actors.Metrics;

/// <summary>Uploads of what was appended. Thread-safe.</summary>
public sealed class UploadMetrics
{
    private long _objects;
    private long _bytes;
    private volatile bool _isFailing;

    /// <summary>Objects that were put and are in the metadata.</summary>
    public long Objects => Interlocked.Read(ref _objects);

    /// <summary>Their bytes.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Whether a try has failed since the last success: the records wait in the write-ahead log.</summary>
    public bool IsFailing => _isFailing;

    internal void Uploaded(long bytes)
    {
        Interlocked.Increment(ref _objects);
        Interlocked.Add(ref _bytes, bytes);
    }

    internal void Succeeded() => _isFailing = false;

    internal void Failed() => _isFailing = true;
}
