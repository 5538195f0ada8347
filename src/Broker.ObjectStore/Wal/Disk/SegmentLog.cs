namespace Broker.ObjectStore.Wal;

/// <summary>
/// The disk WAL without queue and thread: every call does its I/O and returns. Used by one thread at a time. Invariants:
/// <list type="bullet">
/// <item>A group is written only when all before it is synced, and lies within one segment; so a record proves its predecessors' groups.</item>
/// <item>A segment is begun only when all records before it are durable; its first position is where the ones before must end.</item>
/// <item>Records are never written over what a torn or refused group left: when there is such, the next group begins a segment with a new
/// salt. So nothing that was dropped or refused can come back behind new records (W4).</item>
/// </list>
/// </summary>
internal sealed class SegmentLog : IDisposable
{
    private readonly IWalFileSystem _files;
    private readonly DiskWalOptions _options;
    private readonly SegmentFolder _folder;
    private readonly GroupBuffer _group;
    private readonly byte[] _saltBytes = new byte[sizeof(ulong)];
    private WalSegment? _active;
    private long _nextPosition;
    private long _trimmedUpTo;
    private long _bytesSinceSlice;

    public SegmentLog(IWalFileSystem files, DiskWalOptions options)
    {
        _files = files;
        _options = options;
        _folder = new SegmentFolder(files, options);
        _group = new GroupBuffer(2 * options.MaxGroupBytes);
    }

    public long UsedBytes => _folder.UsedBytes;

    /// <inheritdoc cref="SegmentFolder.CapacityBytes"/>
    public long CapacityBytes() => _folder.CapacityBytes();

    /// <summary>How large a group may be that goes into the segment now written; 0 when the next begins a new one.</summary>
    public long RemainingBytes => _active?.RemainingBytes ?? 0;

    public void Open()
    {
        _folder.Open();
        _trimmedUpTo = _folder.Live.Select(segment => segment.Header.TrimmedUpTo).DefaultIfEmpty(0).Max();
    }

    /// <summary>Everything not trimmed; see <see cref="SegmentRecovery"/>. The log takes groups when it was enumerated to its end.</summary>
    public IEnumerable<WalRecoveredRecord> Recover()
    {
        SegmentRecovery recovery = new(_folder, _files.Description);
        foreach (WalRecoveredRecord record in recovery.Read())
        {
            if (record.Position.Value > _trimmedUpTo)
            {
                yield return record;
            }
        }

        _nextPosition = recovery.NextPosition;
        _active = recovery.HasStaleTail || _folder.Live.Count == 0 ? null : _folder.Live[^1];
    }

    /// <summary>
    /// Writes and syncs the group's records. They are durable when it returns.
    /// </summary>
    /// <returns>The position of the first record.</returns>
    /// <exception cref="WalFullException">Refused; the log goes on.</exception>
    /// <exception cref="IOException">It is unknown what was written; the log must not be used any more.</exception>
    public long Append(IReadOnlyList<PendingAppend> group)
    {
        WalSegment segment = SegmentFor(group.Sum(append => append.SizeBytes));
        long first = _nextPosition;
        _group.Fill(group, segment.Header.Salt, first, segment.TailBytes);
        try
        {
            segment.File.Write(segment.TailBytes, _group.Parts);
        }
        catch (WalDiskFullException full)
        {
            // Happens where blocks that were written before may need new room: copy-on-write file systems.
            _active = null;
            throw new WalFullException($"the disk under the WAL in '{_files.Description}' is full", full);
        }

        segment.File.SyncData();
        segment.Extend(segment.TailBytes + _group.RecordBytes, _group.LastPosition);
        _nextPosition = _group.LastPosition + 1;
        _bytesSinceSlice += _group.RecordBytes;
        _group.Clear();
        return first;
    }

    /// <summary>Frees what lies wholly at or before <paramref name="upTo"/>, and gives back what the disk is short of.</summary>
    public void Trim(long upTo)
    {
        _trimmedUpTo = Math.Max(_trimmedUpTo, Math.Min(upTo, _nextPosition - 1));
        _folder.Release(_trimmedUpTo);
        _folder.GiveBack();
    }

    /// <summary>
    /// Prepares a little of the next segment's file: when <paramref name="idle"/>, or else when as much was appended as a slice has, so that the
    /// file is ready in time under load too. False: nothing was to be done.
    /// </summary>
    public bool Prepare(bool idle)
    {
        if (!idle && _bytesSinceSlice < SpareFiles.SliceBytes)
        {
            return false;
        }

        _bytesSinceSlice = 0;
        try
        {
            return !_folder.GiveBack() && _folder.PrepareSlice();
        }
        catch (WalDiskFullException)
        {
            // Not needed yet. The append that needs it tries again and reports it.
            return false;
        }
    }

    public void Dispose() => _folder.Dispose();

    private WalSegment SegmentFor(long bytes)
    {
        if (_active is { } active && bytes <= active.RemainingBytes)
        {
            return active;
        }

        if (_folder.Live is [.., { } last] && last.LastPosition <= _trimmedUpTo && last.Header.SegmentBytes > _options.SegmentBytes)
        {
            // A trimmed file of one large batch is kept only because it is the last. A small one in its place makes room for the next large one.
            Begin(0);
        }

        return _active = Begin(bytes);
    }

    private WalSegment Begin(long bytes)
    {
        _options.Random.NextBytes(_saltBytes);
        try
        {
            WalSegment begun = _folder.Begin(bytes, BitConverter.ToUInt64(_saltBytes), _nextPosition, _trimmedUpTo);
            _active = begun;
            _folder.Release(_trimmedUpTo);
            return begun;
        }
        catch (WalDiskFullException full)
        {
            throw new WalFullException(
                $"the disk under the WAL in '{_files.Description}' is full: {full.Message}. It goes on when there is room", full);
        }
    }
}
