namespace Broker.Actors.Metrics;

/// <summary>Records that clients wrote and read, counted by request and partition, never by record. Thread-safe.</summary>
public sealed class ClientTraffic
{
    private long _producedBytes;
    private long _producedRecords;
    private long _fetchedBytes;
    private long _fetchedRecords;

    /// <summary>Bytes of the record batches that became durable, as their producers compressed them. Repeated batches count once; the broker's own records do not.</summary>
    public long ProducedBytes => Interlocked.Read(ref _producedBytes);

    /// <summary>The records in them.</summary>
    public long ProducedRecords => Interlocked.Read(ref _producedRecords);

    /// <summary>Bytes of the record batches in answers to fetches.</summary>
    public long FetchedBytes => Interlocked.Read(ref _fetchedBytes);

    /// <summary>The offsets from the one asked for to the end of the answer: the records that the client had not seen, where no offset lies between them.</summary>
    public long FetchedRecords => Interlocked.Read(ref _fetchedRecords);

    internal void Produced(long bytes, long records)
    {
        if (bytes > 0)
        {
            Interlocked.Add(ref _producedBytes, bytes);
            Interlocked.Add(ref _producedRecords, records);
        }
    }

    internal void Fetched(long bytes, long records)
    {
        if (bytes > 0)
        {
            Interlocked.Add(ref _fetchedBytes, bytes);
            Interlocked.Add(ref _fetchedRecords, records);
        }
    }
}
