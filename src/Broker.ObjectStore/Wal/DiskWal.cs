using System.Runtime.CompilerServices;

namespace Broker.ObjectStore.Wal;

/// <summary>
/// The write-ahead log in a folder of preallocated segment files (docs/formats/disk-wal.md). Appends that arrive while a sync
/// runs go out together in the next write: group commit.
/// <para>Thread-safe, but <see cref="RecoverAsync"/> runs alone before anything else. It owns one thread, the one exception to "no thread
/// of its own" in this layer: write and fdatasync block, and no pool thread may. <see cref="DiskWalOptions.Inline"/> and
/// <see cref="DiskWalOptions.Turns"/> do without.</para>
/// <para>A failed write or sync ends the log for good (fsync cannot be asked twice about the same bytes: after an error the kernel may
/// call lost pages clean). Dispose it and open it anew (<see cref="ReopeningWal"/>); recovery says what is durable. A full disk only refuses
/// (<see cref="WalFullException"/>).</para>
/// </summary>
public sealed class DiskWal : IWriteAheadLog
{
    private readonly DiskWalOptions _options;
    private readonly IWalFileSystem _files;
    private readonly IDisposable _folderLock;
    private readonly SegmentLog _log;
    private readonly AppendQueue _queue;
    private readonly List<PendingAppend> _group = [];
    private readonly List<TrimRequest> _trims = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _inlineTurn = new();
    private long _usedBytes;
    private long _capacityBytes;
    private int _recovery = NotRecovered;
    private int _disposed;
    private int _turnRequested;
    private bool _poisoned;

    private const int NotRecovered = 0;
    private const int Recovering = 1;
    private const int Recovered = 2;

    private DiskWal(DiskWalOptions options, IWalFileSystem files, IDisposable folderLock, WalId id)
    {
        Id = id;
        _options = options;
        _files = files;
        _folderLock = folderLock;
        _log = new SegmentLog(files, options);
        _queue = new AppendQueue(files.Description, options.MaxQueuedBytes);
    }

    /// <summary>Locks the folder and reads the segments' headers. Recover before the first append.</summary>
    /// <exception cref="StorageException">
    /// Invalid: bad options, another node's folder, or a newer version's. Unavailable (<see cref="WalFolderException"/>): another process uses the folder, or it cannot be
    /// read. Corrupt: a segment's header is damaged.
    /// </exception>
    public static ValueTask<DiskWal> OpenAsync(DiskWalOptions options, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(options);
        ct.ThrowIfCancellationRequested();
        options.Validate();
        return ValueTask.FromResult(Open(options));
    }

    /// <summary>Which log this is: the same at every opening of the folder.</summary>
    public WalId Id { get; }

    /// <inheritdoc/>
    /// <remarks>Less than the option where the disk, as seen when files were last made or freed, would not give as much.</remarks>
    public long CapacityBytes => Interlocked.Read(ref _capacityBytes);

    public long UsedBytes => Interlocked.Read(ref _usedBytes);

    public long SlotsWritten => 0;

    /// <inheritdoc/>
    /// <remarks>Reads block the enumerating thread; they are large and sequential.</remarks>
    public async IAsyncEnumerable<WalRecoveredRecord> RecoverAsync([EnumeratorCancellation] CancellationToken ct)
    {
        if (Interlocked.CompareExchange(ref _recovery, Recovering, NotRecovered) != NotRecovered)
        {
            throw new InvalidOperationException("a WAL is recovered once, before its first append");
        }

        using IEnumerator<WalRecoveredRecord> records = _log.Recover().GetEnumerator();
        while (MoveNext(records))
        {
            ct.ThrowIfCancellationRequested();
            yield return records.Current;
        }

        PublishRoom();
        Volatile.Write(ref _recovery, Recovered);
        StartWriting();
        await ValueTask.CompletedTask;
    }

    public ValueTask<WalPosition> AppendAsync(IReadOnlyList<WalRecord> batch, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ThrowUnlessRecovered();
        ct.ThrowIfCancellationRequested();
        PendingAppend append = new(batch, RecordHeader.SizeBytes);
        if (append.SizeBytes > _options.MaxBatchBytes)
        {
            throw new ArgumentException(
                $"a batch of {append.SizeBytes} bytes can never fit this WAL; the most is {_options.MaxBatchBytes} (raise wal.disk.capacity.bytes)",
                nameof(batch));
        }

        _queue.Add(append);
        Wake();
        return new ValueTask<WalPosition>(append.Completion);
    }

    public ValueTask TrimAsync(WalPosition upTo, CancellationToken ct)
    {
        ThrowUnlessRecovered();
        ct.ThrowIfCancellationRequested();
        TrimRequest trim = new(upTo);
        try
        {
            _queue.Add(trim);
        }
        catch (Exception error) when (error is StorageException or ObjectDisposedException)
        {
            return ValueTask.FromException(error);
        }

        Wake();
        return new ValueTask(trim.Completion.Task);
    }

    /// <summary>Writes what is queued, then closes the files and gives the folder free. It does not trim.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _queue.Close();
        if (Volatile.Read(ref _recovery) == Recovered && !_options.Inline)
        {
            RequestTurn();
            await _ended.Task;
        }

        _log.Dispose();
        _folderLock.Dispose();
    }

    private static DiskWal Open(DiskWalOptions options)
    {
        IDisposable? folderLock = null;
        DiskWal? wal = null;
        try
        {
            IWalFileSystem files = options.FileSystem ?? new WalFolder(options.Folder);
            folderLock = TakeLock(files);
            WalIdentity identity = WalIdentity.LoadOrCreate(files, options.NodeId, options.Ids);
            if (identity.NodeId != options.NodeId)
            {
                throw new StorageException(
                    StorageErrorKind.Invalid,
                    $"the WAL in '{files.Description}' belongs to node {identity.NodeId}; this is node {options.NodeId}. Give each node its own folder");
            }

            wal = new DiskWal(options, files, folderLock, identity.WalId);
            wal._log.Open();
            wal.PublishRoom();
            return wal;
        }
        catch (Exception error)
        {
            wal?._log.Dispose();
            folderLock?.Dispose();
            if (error is IOException or UnauthorizedAccessException)
            {
                throw new WalFolderException($"the WAL in '{options.Folder}' cannot be opened: {error.Message}", error);
            }

            throw;
        }
    }

    private static IDisposable TakeLock(IWalFileSystem files)
    {
        try
        {
            return files.Lock(SegmentNames.Lock);
        }
        catch (WalFolderInUseException error)
        {
            throw new WalFolderException(
                $"the WAL in '{files.Description}' is in use: {error.Message}. Stop the other broker, or give this one its own folder", error);
        }
    }

    private void StartWriting()
    {
        if (_options.Turns is not null)
        {
            RequestTurn();
        }
        else if (!_options.Inline)
        {
            new Thread(WriteUntilClosed) { IsBackground = true, Name = "disk-wal" }.Start();
        }
    }

    // The thread wakes by itself.
    private void Wake()
    {
        RequestTurn();
        if (!_options.Inline)
        {
            return;
        }

        lock (_inlineTurn)
        {
            _queue.Take(_group, _trims, _log.RemainingBytes, _options.MaxGroupBytes, wait: false);
            Write();
        }
    }

    private void RequestTurn()
    {
        if (_options.Turns is { } turns && Interlocked.Exchange(ref _turnRequested, 1) == 0)
        {
            turns.Post(static log => ((DiskWal)log!).TakeTurn(), this);
        }
    }

    /// <summary>One round of <see cref="WriteUntilClosed"/>.</summary>
    private void TakeTurn()
    {
        Volatile.Write(ref _turnRequested, 0);
        if (!_queue.Take(_group, _trims, _log.RemainingBytes, _options.MaxGroupBytes, wait: false))
        {
            _ended.TrySetResult();
            return;
        }

        bool worked = Write();
        bool prepared = Prepare(idle: !worked);
        if (worked || prepared)
        {
            RequestTurn();
        }
    }

    private void WriteUntilClosed()
    {
        bool idleWork = true;
        while (_queue.Take(_group, _trims, _log.RemainingBytes, _options.MaxGroupBytes, wait: !idleWork))
        {
            bool worked = Write();
            bool prepared = Prepare(idle: !worked);
            idleWork = worked || prepared;
        }

        _ended.SetResult();
    }

    /// <summary>Does what was taken from the queue. Trims come first: they may make the room that the appends need.</summary>
    private bool Write()
    {
        if (_group.Count == 0 && _trims.Count == 0)
        {
            return false;
        }

        try
        {
            foreach (TrimRequest trim in _trims)
            {
                _log.Trim(trim.UpTo.Value);
            }

            long position = _group.Count > 0 ? _log.Append(_group) : 0;
            Publish(_trims.Count > 0);
            _queue.Done(_group);
            _trims.ForEach(trim => trim.Completion.SetResult());
            foreach (PendingAppend append in _group)
            {
                position += append.Records.Count;
                append.Complete(new WalPosition(position - 1));
            }
        }
        catch (WalFullException full)
        {
            PublishRoom();
            _queue.Done(_group);
            _trims.ForEach(trim => trim.Completion.SetResult());
            _group.ForEach(append => append.Fail(full));
        }
        catch (Exception error)
        {
            // Whatever it is, the state of the files is unknown from here on, and waiting callers must hear of it.
            Poison(error);
        }

        return true;
    }

    private bool Prepare(bool idle)
    {
        if (_poisoned)
        {
            return false;
        }

        try
        {
            bool worked = _log.Prepare(idle);
            Publish(worked);
            return worked;
        }
        catch (Exception error)
        {
            Poison(error);
            return false;
        }
    }

    private void Poison(Exception error)
    {
        _poisoned = true;
        StorageException failure = new(
            StorageErrorKind.Unavailable,
            $"the WAL in '{_files.Description}' failed and takes no more appends until it is opened anew: {error.Message}",
            error);
        _group.ForEach(append => append.Fail(failure));
        _trims.ForEach(trim => trim.Completion.SetException(failure));
        _group.Clear();
        _trims.Clear();
        _queue.Fail(failure);
    }

    // How much room the disk has takes a system call, which not every group needs.
    private void Publish(bool filesChanged)
    {
        if (filesChanged)
        {
            PublishRoom();
        }
        else
        {
            Interlocked.Exchange(ref _usedBytes, _log.UsedBytes);
        }
    }

    private void PublishRoom()
    {
        Interlocked.Exchange(ref _usedBytes, _log.UsedBytes);
        Interlocked.Exchange(ref _capacityBytes, _log.CapacityBytes());
    }

    private void ThrowUnlessRecovered()
    {
        if (Volatile.Read(ref _recovery) != Recovered)
        {
            throw new InvalidOperationException("recover the WAL to its end before the first append or trim");
        }
    }

    private bool MoveNext(IEnumerator<WalRecoveredRecord> records)
    {
        try
        {
            return records.MoveNext();
        }
        catch (IOException error)
        {
            throw new StorageException(
                StorageErrorKind.Unavailable, $"the WAL in '{_files.Description}' cannot be read: {error.Message}", error);
        }
    }
}
