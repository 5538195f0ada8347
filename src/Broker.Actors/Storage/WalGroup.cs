using Akka.Actor;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Storage;

/// <summary>Appends of many partitions that become durable by one write.</summary>
/// <param name="recordOverheadBytes">What the log writes beside each record batch.</param>
internal sealed class WalGroup(int recordOverheadBytes)
{
    private readonly List<(WalAppend Append, IActorRef Partition)> _appends = [];

    public IReadOnlyList<(WalAppend Append, IActorRef Partition)> Appends => _appends;

    /// <summary>Payload bytes.</summary>
    public long Bytes { get; private set; }

    /// <summary>What the group takes in the log, which its bound counts.</summary>
    public long LogBytes => Bytes + ((long)_appends.Count * recordOverheadBytes);

    /// <summary>Whether the group takes no more than that with the batch.</summary>
    public bool Fits(WalAppend append, long maxLogBytes) => LogBytes + recordOverheadBytes + append.Batch.Payload.Length <= maxLogBytes;

    public void Add(WalAppend append, IActorRef partition)
    {
        _appends.Add((append, partition));
        Bytes += append.Batch.Payload.Length;
    }

    /// <summary>Adds what a later group holds, behind what is here.</summary>
    public WalGroup Merge(WalGroup later)
    {
        _appends.AddRange(later._appends);
        Bytes += later.Bytes;
        return this;
    }

    public WalRecord[] ToRecords()
    {
        WalRecord[] records = new WalRecord[_appends.Count];
        for (int i = 0; i < records.Length; i++)
        {
            WalAppend append = _appends[i].Append;
            records[i] = new WalRecord(append.Stream, append.Batch.Epoch, append.Batch.BaseOffset, append.Batch.LastOffset, append.Batch.MaxTimestampMs, append.Batch.Payload, append.Batch.PayloadCrc);
        }

        return records;
    }
}

/// <summary>What became of a group.</summary>
/// <param name="Failure">Null when all of it is durable.</param>
internal sealed record WalGroupWritten(WalGroup Group, WalPosition Last, Exception? Failure);
