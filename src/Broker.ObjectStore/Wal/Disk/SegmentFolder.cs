namespace Broker.ObjectStore.Wal;

/// <summary>
/// The segment files of a disk WAL: live ones (with records, oldest first) and spares. All files together stay within the capacity.
/// Used by one thread at a time; <see cref="IOException"/>s pass through.
/// </summary>
internal sealed class SegmentFolder : IDisposable
{
    private readonly IWalFileSystem _files;
    private readonly DiskWalOptions _options;
    private readonly List<WalSegment> _live = [];
    private readonly SpareFiles _spares;
    private long _lastNumber;

    public SegmentFolder(IWalFileSystem files, DiskWalOptions options)
    {
        _files = files;
        _options = options;
        _spares = new SpareFiles(files, options, () => ++_lastNumber);
    }

    /// <summary>The live segments, oldest first.</summary>
    public IReadOnlyList<WalSegment> Live => _live;

    /// <summary>What live segments hold: their whole files, except of the last one only the part that is written.</summary>
    public long UsedBytes => LiveBytes - (_live.Count > 0 ? _live[^1].RemainingBytes : 0);

    /// <summary>What all files may have together: the capacity, or less where the disk would not give as much.</summary>
    public long CapacityBytes()
    {
        long most = LiveBytes + _spares.TotalBytes + Math.Max(0, _files.AvailableBytes() - _options.ReserveBytes);
        return Math.Min(_options.CapacityBytes, most);
    }

    private long LiveBytes => _live.Sum(segment => segment.Header.SegmentBytes);

    /// <summary>Opens what lies in the folder. Unfinished files and spares of another size are deleted, after all live ones proved readable.</summary>
    /// <exception cref="StorageException">Corrupt or Invalid: a live segment's header cannot be read or is not this log's.</exception>
    public void Open()
    {
        string[] names = [.. _files.List().Order(StringComparer.Ordinal)];
        foreach (string name in names)
        {
            if (SegmentNames.TryParseLive(name, out long sequence))
            {
                _live.Add(OpenLive(name, sequence));
                _lastNumber = Math.Max(_lastNumber, sequence);
            }
        }

        CheckOrder();
        foreach (string name in names)
        {
            if (SegmentNames.IsUnfinished(name))
            {
                _files.Delete(name);
            }
            else if (SegmentNames.TryParseSpare(name, out long number))
            {
                _spares.Open(name, LiveBytes);
                _lastNumber = Math.Max(_lastNumber, number);
            }
        }

        _files.SyncFolder();
        _spares.GiveBack();
    }

    /// <summary>
    /// Makes a spare file into the next live segment: header, sync, rename, sync of the folder. Records may be written when it returns.
    /// </summary>
    /// <param name="leastBytes">What the segment must be able to hold, records only.</param>
    /// <param name="salt">The segment's salt.</param>
    /// <param name="firstPosition">The position of its first record.</param>
    /// <param name="trimmedUpTo">The log's trim position.</param>
    /// <exception cref="WalFullException">No room within the capacity.</exception>
    /// <exception cref="WalDiskFullException">No room on the disk.</exception>
    public WalSegment Begin(long leastBytes, ulong salt, long firstPosition, long trimmedUpTo)
    {
        SpareFile spare = _spares.Take(leastBytes, LiveBytes);
        long sequence = ++_lastNumber;
        SegmentHeader header = new(sequence, salt, firstPosition, trimmedUpTo, _options.NodeId, spare.LengthBytes);
        try
        {
            spare.File.Write(0, [header.Encode()]);
            spare.File.SyncData();
        }
        catch (WalDiskFullException)
        {
            _spares.Drop(spare);
            throw;
        }

        string name = SegmentNames.Live(sequence);
        _files.Rename(spare.Name, name);
        _files.SyncFolder();
        WalSegment segment = new(name, spare.File, header);
        _live.Add(segment);
        return segment;
    }

    /// <summary>
    /// Frees the segments that hold nothing after <paramref name="trimmedUpTo"/>. The last segment stays: it carries the position on.
    /// </summary>
    public void Release(long trimmedUpTo)
    {
        for (int i = 0; i < _live.Count - 1;)
        {
            WalSegment segment = _live[i];
            if (segment.LastPosition <= trimmedUpTo || segment.IsEmpty)
            {
                Free(segment);
                _live.RemoveAt(i);
            }
            else
            {
                i++;
            }
        }
    }

    /// <inheritdoc cref="SpareFiles.GiveBack"/>
    public bool GiveBack() => _spares.GiveBack();

    /// <summary>Writes a little of the next spare file; see <see cref="SpareFiles.PrepareSlice"/>.</summary>
    public bool PrepareSlice() => _spares.PrepareSlice(LiveBytes);

    public void Dispose()
    {
        _live.ForEach(segment => segment.Dispose());
        _spares.Dispose();
    }

    private WalSegment OpenLive(string name, long sequence)
    {
        IWalFile file = _files.Open(name);
        try
        {
            string path = $"{_files.Description}/{name}";
            byte[] page = new byte[SegmentHeader.PageBytes];
            int read = file.Read(0, page);
            SegmentHeader header = SegmentHeader.Decode(page.AsSpan(0, read), path);
            if (header.NodeId != _options.NodeId)
            {
                throw new StorageException(
                    StorageErrorKind.Invalid,
                    $"WAL segment '{path}' belongs to node {header.NodeId}; this is node {_options.NodeId}. Give each node its own folder");
            }

            if (header.Sequence != sequence || header.SegmentBytes != file.LengthBytes)
            {
                throw new StorageException(
                    StorageErrorKind.Corrupt,
                    $"WAL segment '{path}' ({file.LengthBytes} bytes) says it is segment {header.Sequence:x16} of {header.SegmentBytes} bytes: "
                    + "it was renamed, copied or cut");
            }

            return new WalSegment(name, file, header);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private void CheckOrder()
    {
        for (int i = 1; i < _live.Count; i++)
        {
            if (_live[i].Header.FirstPosition < _live[i - 1].Header.FirstPosition)
            {
                throw new StorageException(
                    StorageErrorKind.Corrupt,
                    $"WAL segment '{_files.Description}/{_live[i].Name}' begins at position {_live[i].Header.FirstPosition}, before its "
                    + $"predecessor '{_live[i - 1].Name}' ({_live[i - 1].Header.FirstPosition}): two logs' files are mixed in one folder");
            }
        }
    }

    private void Free(WalSegment segment)
    {
        if (segment.Header.SegmentBytes == _options.SegmentBytes)
        {
            string name = SegmentNames.Spare(segment.Header.Sequence);
            _files.Rename(segment.Name, name);
            _spares.Add(new SpareFile(name, segment.File, segment.Header.SegmentBytes));
        }
        else
        {
            segment.Dispose();
            _files.Delete(segment.Name);
        }

        // Each by itself, so that a crash never frees a later segment and keeps an earlier one; and before the file is written again.
        _files.SyncFolder();
    }
}
