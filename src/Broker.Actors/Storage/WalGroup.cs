using Akka.Actor;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Storage;

/// <summary>Appends of many partitions that were gathered for one write. The actor adds to it, and then hands it to the stream, which writes it.</summary>
/// <param name="recordOverheadBytes">What the log writes beside each record batch.</param>
internal sealed class WalGroup(int recordOverheadBytes)
{
    private const int Held = 0;
    private const int Writing = 1;
    private const int Written = 2;
    private const int Abandoned = 3;
    private const int AbandonedInWrite = 4;

    private readonly List<(WalAppend Append, IActorRef Partition)> _appends = [];
    private int _state = Held;

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

    /// <summary>The log is about to read the batches' buffers. False: the group was abandoned, and must not be written.</summary>
    public bool TryBeginWrite() => Interlocked.CompareExchange(ref _state, Writing, Held) == Held;

    /// <summary>The log reads them no more.</summary>
    public void EndWrite()
    {
        if (Interlocked.CompareExchange(ref _state, Written, Writing) == AbandonedInWrite)
        {
            Release();
        }
    }

    /// <summary>Nobody will ask what became of the write: gives the batches' buffers back, if need be when the log is done with them.</summary>
    public void Abandon()
    {
        int seen = Volatile.Read(ref _state);
        while (seen < Abandoned)
        {
            int next = seen == Writing ? AbandonedInWrite : Abandoned;
            int found = Interlocked.CompareExchange(ref _state, next, seen);
            if (found == seen && next == Abandoned)
            {
                Release();
            }

            seen = found == seen ? next : found;
        }
    }

    private void Release() => _appends.ForEach(entry => entry.Append.Batch.Lease.Release());
}

/// <summary>Groups that go to the log by one append, in order.</summary>
internal sealed class WalWrite(WalGroup first)
{
    private readonly List<WalGroup> _groups = [first];

    public IReadOnlyList<WalGroup> Groups => _groups;

    public WalWrite Add(WalGroup later)
    {
        _groups.Add(later);
        return this;
    }

    /// <summary>Leaves out what was abandoned meanwhile. False: that is all.</summary>
    public bool TryBegin()
    {
        _groups.RemoveAll(group => !group.TryBeginWrite());
        return _groups.Count > 0;
    }

    public void End() => _groups.ForEach(group => group.EndWrite());

    public WalRecord[] ToRecords() =>
    [
        .. _groups.SelectMany(group => group.Appends).Select(entry => entry.Append).Select(append => new WalRecord(
            append.Stream, append.Batch.Epoch, append.Batch.BaseOffset, append.Batch.LastOffset, append.Batch.MaxTimestampMs, append.Batch.Payload, append.Batch.PayloadCrc)),
    ];
}

/// <summary>What became of a write.</summary>
/// <param name="Groups">Those that were not abandoned before.</param>
/// <param name="Last">The position of the last record.</param>
/// <param name="Failure">Null when all of it is durable.</param>
internal sealed record WalGroupsWritten(IReadOnlyList<WalGroup> Groups, WalPosition Last, Exception? Failure);
