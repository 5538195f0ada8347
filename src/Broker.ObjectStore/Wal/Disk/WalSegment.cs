namespace Broker.ObjectStore.Wal;

/// <summary>One live segment file of a disk WAL. Used by one thread at a time.</summary>
internal sealed class WalSegment(string name, IWalFile file, SegmentHeader header) : IDisposable
{
    public string Name { get; } = name;

    public IWalFile File { get; } = file;

    public SegmentHeader Header { get; } = header;

    /// <summary>Where the next record goes: the end of the last good one.</summary>
    public long TailBytes { get; private set; } = SegmentHeader.PageBytes;

    /// <summary>The position of the last good record; one below the first position while there is none.</summary>
    public long LastPosition { get; private set; } = header.FirstPosition - 1;

    public bool IsEmpty => LastPosition < Header.FirstPosition;

    /// <summary>Bytes that records can still take.</summary>
    public long RemainingBytes => Header.SegmentBytes - TailBytes;

    /// <summary>Takes in records that are durable (or that recovery found).</summary>
    public void Extend(long tailBytes, long lastPosition)
    {
        TailBytes = tailBytes;
        LastPosition = lastPosition;
    }

    public void Dispose() => File.Dispose();
}
