namespace Broker.ObjectStore.Wal;

/// <summary>Reads a segment forward through a window, so that small records do not cost a system call each. Used by one thread at a time.</summary>
internal sealed class SegmentReader(WalSegment segment)
{
    private const int WindowBytes = 1 << 20;

    private readonly byte[] _window = new byte[WindowBytes];
    private long _windowAt;
    private int _windowLength;

    /// <summary>
    /// The record at <paramref name="at"/>, if one of this segment with that position stands there whole.
    /// </summary>
    public bool TryRead(long at, long position, out RecordHeader header, out ReadOnlyMemory<byte> payload) =>
        TryReadUnchecked(at, position, out header, out payload) && Crc32C.Compute(payload.Span) == header.PayloadCrc;

    /// <summary>As <see cref="TryRead"/>, whether or not the payload is what its checksum says; the header is.</summary>
    public bool TryReadUnchecked(long at, long position, out RecordHeader header, out ReadOnlyMemory<byte> payload)
    {
        payload = default;
        if (!RecordHeader.TryDecode(Peek(at, RecordHeader.SizeBytes), segment.Header.Salt, out header)
            || header.Position != position
            || header.PayloadBytes < 0
            || header.PayloadBytes > segment.Header.SegmentBytes - at - RecordHeader.SizeBytes)
        {
            return false;
        }

        byte[] bytes = GC.AllocateUninitializedArray<byte>(header.PayloadBytes);
        if (!TryCopy(at + RecordHeader.SizeBytes, bytes))
        {
            return false;
        }

        payload = bytes;
        return true;
    }

    /// <summary>
    /// Looks at and after <paramref name="from"/> for what a torn group left behind, and for a record which proves that the record at
    /// <paramref name="position"/> was durable: one whose group began later.
    /// </summary>
    public TailScan ScanTail(long from, long position)
    {
        bool hasRecords = false;
        Span<byte> salt = stackalloc byte[sizeof(ulong)];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(salt, segment.Header.Salt);
        for (long at = from; at + RecordHeader.SizeBytes <= segment.Header.SegmentBytes;)
        {
            ReadOnlySpan<byte> window = PeekRest(at);
            if (window.Length < RecordHeader.SizeBytes)
            {
                break;
            }

            int found = window[RecordHeader.SaltAt..].IndexOf(salt);
            if (found < 0)
            {
                // A header may straddle the windows' border.
                at += window.Length - RecordHeader.SizeBytes + 1;
                continue;
            }

            at += found;
            if (RecordHeader.TryDecode(Peek(at, RecordHeader.SizeBytes), segment.Header.Salt, out RecordHeader header))
            {
                hasRecords = true;
                if (header.GroupFirst > position)
                {
                    return new TailScan(hasRecords, at);
                }
            }

            at++;
        }

        return new TailScan(hasRecords, null);
    }

    /// <summary>What the window holds from <paramref name="at"/> on, a header's length at least unless the file ends.</summary>
    private ReadOnlySpan<byte> PeekRest(long at)
    {
        int least = Peek(at, RecordHeader.SizeBytes).Length;
        return least < RecordHeader.SizeBytes ? [] : _window.AsSpan((int)(at - _windowAt), _windowLength - (int)(at - _windowAt));
    }

    private ReadOnlySpan<byte> Peek(long at, int count)
    {
        if (at < _windowAt || at + count > _windowAt + _windowLength)
        {
            _windowAt = at;
            _windowLength = segment.File.Read(at, _window);
        }

        int start = (int)(at - _windowAt);
        return _window.AsSpan(start, Math.Min(count, _windowLength - start));
    }

    private bool TryCopy(long at, Span<byte> destination)
    {
        if (destination.Length <= WindowBytes)
        {
            ReadOnlySpan<byte> bytes = Peek(at, destination.Length);
            bytes.CopyTo(destination);
            return bytes.Length == destination.Length;
        }

        return segment.File.Read(at, destination) == destination.Length;
    }
}

/// <summary>What stands behind the last good record of a segment.</summary>
/// <param name="HasRecords">Whether there are records of this segment's salt.</param>
/// <param name="ProofAt">Where the first record stands whose group began after the last good record's successor; null when there is none.</param>
internal readonly record struct TailScan(bool HasRecords, long? ProofAt);
