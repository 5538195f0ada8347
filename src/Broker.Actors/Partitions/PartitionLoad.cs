namespace Broker.Actors.Partitions;

/// <summary>What goes in and out of one partition while it is led here. Thread-safe.</summary>
internal sealed class PartitionLoad
{
    private long _bytes;

    /// <summary>Bytes that became durable, and bytes that were read, since it was opened.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public void Add(long bytes)
    {
        if (bytes > 0)
        {
            Interlocked.Add(ref _bytes, bytes);
        }
    }
}
