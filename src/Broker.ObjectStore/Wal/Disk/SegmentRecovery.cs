namespace Broker.ObjectStore.Wal;

/// <summary>
/// Reads the live segments of a disk WAL back, oldest first. Each segment but the last must hold exactly the records up to its
/// successor's first position: they were durable before the successor was begun. The last one ends where no whole record follows; a later
/// record whose group began after that place proves that more was durable there, which is damage. Of a damaged record whose header is sound, only the payload is lost.
/// </summary>
internal sealed class SegmentRecovery(SegmentFolder folder, string folderName)
{
    private const int RewriteBytes = 1 << 20;

    /// <summary>The position that the next record gets; valid when <see cref="Read"/> was enumerated to its end.</summary>
    public long NextPosition { get; private set; } = 1;

    /// <summary>Whether whole records of a torn group stand behind the last good record; valid after <see cref="Read"/>.</summary>
    public bool HasStaleTail { get; private set; }

    /// <summary>
    /// All records of the live segments. At the end every returned record is durable. I/O happens while enumerating.
    /// </summary>
    /// <exception cref="StorageException">Corrupt: durable records are damaged so that not even what they were can be told; names file and place.</exception>
    public IEnumerable<WalRecoveredRecord> Read()
    {
        IReadOnlyList<WalSegment> live = folder.Live;
        for (int i = 0; i < live.Count; i++)
        {
            long? end = i + 1 < live.Count ? live[i + 1].Header.FirstPosition : null;
            foreach (WalRecoveredRecord record in ReadSegment(live[i], end))
            {
                yield return record;
            }
        }
    }

    private IEnumerable<WalRecoveredRecord> ReadSegment(WalSegment segment, long? end)
    {
        SegmentReader reader = new(segment);
        long groupFirst = segment.Header.FirstPosition;
        long groupAt = segment.TailBytes;
        NextPosition = segment.Header.FirstPosition;
        while (end is null || NextPosition < end)
        {
            long at = segment.TailBytes;
            string? damage = null;
            if (!reader.TryRead(at, NextPosition, out RecordHeader header, out ReadOnlyMemory<byte> payload))
            {
                string place = $"'{folderName}/{segment.Name}' at byte {at} (WAL position {NextPosition})";
                if (WhyDurable(reader, at, end) is not { } reason)
                {
                    break;
                }

                if (!reader.TryReadUnchecked(at, NextPosition, out header, out payload))
                {
                    throw new StorageException(
                        StorageErrorKind.Corrupt,
                        $"the WAL is damaged in {place}: {reason}. Nothing was changed; restore the file, or move the folder away and lose what was not uploaded");
                }

                damage = $"{place}: the record's checksum does not match";
            }

            if (header.GroupFirst != groupFirst)
            {
                groupFirst = header.GroupFirst;
                groupAt = at;
            }

            segment.Extend(at + RecordHeader.SizeBytes + header.PayloadBytes, NextPosition);
            NextPosition++;
            yield return new WalRecoveredRecord(
                new WalPosition(header.Position),
                new WalRecord(header.Stream, header.Epoch, header.BaseOffset, header.LastOffset, header.MaxTimestampMs, payload, header.PayloadCrc))
            { Damage = damage };
        }

        if (end is null && !segment.IsEmpty)
        {
            Harden(segment, groupAt);
        }
    }

    /// <summary>What shows that a record which cannot be read was durable; null: nothing does, it is the torn end.</summary>
    private string? WhyDurable(SegmentReader reader, long at, long? end)
    {
        if (end is not null)
        {
            return $"records up to position {end - 1} were durable there";
        }

        TailScan tail = reader.ScanTail(at, NextPosition);
        HasStaleTail = tail.HasRecords;
        return tail.ProofAt is { } proof ? $"a later record at byte {proof} shows that it was durable" : null;
    }

    /// <summary>
    /// Writes the last group once more and syncs. What was read may be in the page cache alone: the last process was killed
    /// between write and sync, or its sync failed, after which the kernel calls the pages clean and a mere sync would do nothing.
    /// Everything before the last group was synced with success before it.
    /// </summary>
    private static void Harden(WalSegment segment, long from)
    {
        byte[] buffer = new byte[(int)Math.Min(RewriteBytes, segment.TailBytes - from)];
        for (long at = from; at < segment.TailBytes;)
        {
            Memory<byte> part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, segment.TailBytes - at));
            int read = segment.File.Read(at, part.Span);
            if (read != part.Length)
            {
                throw new IOException($"'{segment.Name}' became shorter while it was read");
            }

            segment.File.Write(at, [part]);
            at += read;
        }

        segment.File.SyncData();
    }
}
