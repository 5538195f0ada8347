namespace Broker.ObjectStore.Wal;

/// <summary>
/// Lays a group of appends out for one gathered write: headers and small payloads in one staging array, large payloads where they are,
/// zeros up to the next page at the end. Used by one thread at a time; its parts are valid until the next <see cref="Fill"/>.
/// </summary>
internal sealed class GroupBuffer(int keptBytes)
{
    /// <summary>Copying less than this is cheaper than one more entry of a gathered write, which must be pinned.</summary>
    private const int CopyBelowBytes = 4096;

    private static readonly ReadOnlyMemory<byte> Zeros = new byte[DiskWalOptions.PageBytes];

    private readonly List<ReadOnlyMemory<byte>> _parts = [];
    private byte[] _staging = [];
    private int _staged;
    private int _partFrom;

    /// <summary>What is to be written.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Parts => _parts;

    /// <summary>Bytes of all records, without the zeros behind them.</summary>
    public long RecordBytes { get; private set; }

    /// <summary>The position of the last record.</summary>
    public long LastPosition { get; private set; }

    /// <summary>Encodes <paramref name="group"/> for the place <paramref name="at"/>, its records numbered from <paramref name="firstPosition"/> on.</summary>
    public void Fill(IReadOnlyList<PendingAppend> group, ulong salt, long firstPosition, long at)
    {
        Reset(group);
        long position = firstPosition;
        foreach (PendingAppend append in group)
        {
            for (int i = 0; i < append.Records.Count; i++)
            {
                WalRecord record = append.Records[i];
                RecordHeader header = new(
                    salt, position, firstPosition, record.Stream, record.Epoch, record.BaseOffset, record.LastOffset, record.MaxTimestampMs,
                    record.Payload.Length, record.PayloadCrc);
                header.Encode(_staging.AsSpan(_staged));
                _staged += RecordHeader.SizeBytes;
                AddPayload(record.Payload);
                position++;
            }

            RecordBytes += append.SizeBytes;
        }

        LastPosition = position - 1;
        EndStagedPart();
        int past = (int)((at + RecordBytes) % DiskWalOptions.PageBytes);
        if (past != 0)
        {
            _parts.Add(Zeros[..(DiskWalOptions.PageBytes - past)]);
        }
    }

    /// <summary>Lets go of the payloads, and of staging that one large group needed.</summary>
    public void Clear()
    {
        _parts.Clear();
        if (_staging.Length > keptBytes)
        {
            _staging = [];
        }
    }

    private void Reset(IReadOnlyList<PendingAppend> group)
    {
        _parts.Clear();
        _staged = 0;
        _partFrom = 0;
        RecordBytes = 0;
        int needed = 0;
        foreach (PendingAppend append in group)
        {
            for (int i = 0; i < append.Records.Count; i++)
            {
                int payload = append.Records[i].Payload.Length;
                needed = checked(needed + RecordHeader.SizeBytes + (payload < CopyBelowBytes ? payload : 0));
            }
        }

        if (_staging.Length < needed)
        {
            _staging = GC.AllocateUninitializedArray<byte>((int)Math.Min(Array.MaxLength, Math.Max(needed, 2L * _staging.Length)));
        }
    }

    private void AddPayload(ReadOnlyMemory<byte> payload)
    {
        if (payload.Length < CopyBelowBytes)
        {
            payload.Span.CopyTo(_staging.AsSpan(_staged));
            _staged += payload.Length;
            return;
        }

        EndStagedPart();
        _parts.Add(payload);
    }

    private void EndStagedPart()
    {
        if (_staged > _partFrom)
        {
            _parts.Add(_staging.AsMemory(_partFrom, _staged - _partFrom));
            _partFrom = _staged;
        }
    }
}
