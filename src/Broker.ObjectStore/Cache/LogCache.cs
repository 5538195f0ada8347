using Broker.ObjectStore.Wal;

namespace Broker.ObjectStore.Cache;

/// <summary>
/// The durable batches that are not uploaded yet, and the recent ones that are. One order, the WAL's, runs through it:
/// <c>[uploaded | sealed | not sealed]</c>; eviction takes from its front, sealing from its third part. Invariants:
/// <list type="number">
/// <item>C1: a batch that is not uploaded is never evicted.</item>
/// <item>C2: each stream's batches follow each other without gaps; so does each stream's part of an upload.</item>
/// <item>C3: everything at or before <see cref="UploadedUpTo"/> is uploaded: the WAL may be trimmed to it.</item>
/// </list>
/// <para>Thread-safe: one lock, held for the time of a search and some reference counts.</para>
/// </summary>
public sealed class LogCache
{
    /// <summary>What an entry costs beside its payload: the entry, its places in two rings, its share of the lease.</summary>
    internal const int EntryOverheadBytes = 256;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Dictionary<StreamId, CachedStream> _streams = [];
    private readonly Deque<CacheEntry> _order = new();
    private readonly Queue<SealedUpload> _sealedUploads = new();
    private readonly HashSet<SealedUpload> _uploadedOutOfTurn = [];
    private long _addedMark;
    private long _uploadedMark;
    private int _uploadedCount;
    private int _sealedCount;
    private long _totalBytes;
    private long _unuploadedBytes;
    private long _unsealedBytes;
    private long _hits;
    private long _misses;
    private WalPosition _uploadedUpTo = WalPosition.None;
    private WalPosition _last = WalPosition.None;

    public LogCache(LogCacheOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.CapacityBytes);
        CapacityBytes = options.CapacityBytes;
        _time = time;
    }

    public long CapacityBytes { get; }

    /// <summary>Bytes of everything in it, bookkeeping included.</summary>
    public long TotalBytes => Interlocked.Read(ref _totalBytes);

    /// <summary>Bytes of what is not uploaded: sealed or not.</summary>
    public long UnuploadedBytes => Interlocked.Read(ref _unuploadedBytes);

    /// <summary>Bytes of what no seal has taken yet: what the next upload would have.</summary>
    public long UnsealedBytes => Interlocked.Read(ref _unsealedBytes);

    /// <summary>
    /// Whether all that no seal has taken is of streams that were removed: there is nothing to upload, and yet a seal is due, so that the WAL can be
    /// trimmed of it.
    /// </summary>
    public bool HasOnlyRemovedUnsealed
    {
        get
        {
            lock (_lock)
            {
                return _unsealedBytes == 0 && _order.Count > _uploadedCount + _sealedCount;
            }
        }
    }

    /// <summary>Reads that were answered from here.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>Reads of what is here no more: they go to the object store.</summary>
    public long Misses => Interlocked.Read(ref _misses);

    /// <summary>Whether what is not uploaded fills the capacity: stop appending to the WAL until an upload is done.</summary>
    public bool IsFull => UnuploadedBytes >= CapacityBytes;

    /// <summary>The WAL may be trimmed to here (C3).</summary>
    public WalPosition UploadedUpTo
    {
        get
        {
            lock (_lock)
            {
                return _uploadedUpTo;
            }
        }
    }

    /// <summary>Counts the batches that were ever added: everything until now is uploaded when <see cref="UploadedMark"/> has come so far.</summary>
    public long AddedMark => Interlocked.Read(ref _addedMark);

    /// <summary>Counts, of the batches that were ever added, those that a seal in flight has, or had.</summary>
    public long SealedMark
    {
        get
        {
            lock (_lock)
            {
                return _uploadedMark + _sealedCount;
            }
        }
    }

    /// <summary>Counts, of the batches that were ever added, those that are uploaded, and all before them.</summary>
    public long UploadedMark => Interlocked.Read(ref _uploadedMark);

    /// <summary>How long ago the oldest batch that is not uploaded was appended; null when all is uploaded.</summary>
    public TimeSpan? OldestUnuploadedAge => AgeFrom(unsealed: false);

    /// <summary>How long ago the oldest batch that no seal has taken was appended; null when there is none.</summary>
    public TimeSpan? OldestUnsealedAge => AgeFrom(unsealed: true);

    /// <summary>Says, before the first batch, what of the WAL is uploaded already, or of no use: it may be trimmed to here.</summary>
    public void StartAfter(WalPosition uploadedUpTo)
    {
        lock (_lock)
        {
            if (_order.Count > 0)
            {
                throw new InvalidOperationException("the cache has batches already");
            }

            _uploadedUpTo = _last = uploadedUpTo;
        }
    }

    /// <summary>
    /// Adds a durable batch; calls come in WAL order. Takes over one reference of the batch's lease.
    /// </summary>
    /// <exception cref="InvalidOperationException">The batch does not follow the stream's last one, or the WAL order (C2): a broken invariant.</exception>
    public void Append(StreamId stream, in CachedBatch batch)
    {
        lock (_lock)
        {
            if (batch.Position <= _last)
            {
                throw new InvalidOperationException($"batch at WAL position {batch.Position} came after {_last}");
            }

            _last = batch.Position;
            Add(stream, batch);
        }
    }

    /// <summary>
    /// Adds a batch that another log holds, until it is uploaded from here: it has no position in the WAL, and takes the place behind the last one that has. Takes over one
    /// reference of the batch's lease.
    /// </summary>
    /// <exception cref="InvalidOperationException">The batch does not follow the stream's last one (C2): a broken invariant.</exception>
    public void Adopt(StreamId stream, in CachedBatch batch)
    {
        lock (_lock)
        {
            Add(stream, batch with { Position = _last });
        }
    }

    private void Add(StreamId stream, in CachedBatch batch)
    {
        if (!_streams.TryGetValue(stream, out CachedStream? cached))
        {
            cached = new CachedStream(stream, batch.BaseOffset);
            _streams.Add(stream, cached);
        }

        CacheEntry entry = new(cached, batch, _time.GetTimestamp());
        cached.Add(entry);
        _order.Add(entry);
        _addedMark++;
        _totalBytes += entry.SizeBytes;
        _unuploadedBytes += entry.SizeBytes;
        _unsealedBytes += entry.SizeBytes;
        Evict();
    }

    /// <summary>
    /// Whole batches from the one that contains <paramref name="from"/> on, as many as fit <paramref name="maxBytes"/>; the first one always, however
    /// large (KIP-74: a consumer must be able to go on). None behind a damaged one, which is read alone. Dispose the result.
    /// </summary>
    /// <remarks>A stream that was never appended to (since its removal) is a <see cref="CacheReadStatus.Miss"/>: the caller knows the stream's end.</remarks>
    public CacheReadResult Read(StreamId stream, Offset from, int maxBytes)
    {
        lock (_lock)
        {
            CacheReadResult read = _streams.TryGetValue(stream, out CachedStream? cached) ? cached.Read(from, maxBytes) : CacheReadResult.Miss;
            _hits += read.Status == CacheReadStatus.Hit ? 1 : 0;
            _misses += read.Status == CacheReadStatus.Miss ? 1 : 0;
            return read;
        }
    }

    /// <summary>
    /// The first cached batch that ends at <paramref name="from"/> or behind it, with a record as late as <paramref name="timestampMs"/>, as a hit, or damaged, of one batch;
    /// <see cref="CacheReadStatus.AtEnd"/> when no cached batch has one, <see cref="CacheReadStatus.Miss"/> when nothing of the stream is cached. Whether an earlier, uploaded batch has one is the
    /// caller's question to the index. Dispose the result.
    /// </summary>
    public CacheReadResult FindByTimestamp(StreamId stream, long timestampMs, Offset from = default)
    {
        lock (_lock)
        {
            return _streams.TryGetValue(stream, out CachedStream? cached) ? cached.FindByTimestamp(timestampMs, from) : CacheReadResult.Miss;
        }
    }

    /// <summary>The first offset that is cached of the stream; null when nothing is.</summary>
    public Offset? CachedStart(StreamId stream)
    {
        lock (_lock)
        {
            return _streams.TryGetValue(stream, out CachedStream? cached) ? cached.Start : null;
        }
    }

    /// <summary>The offset behind the last cached record of a stream; null when nothing of it is cached.</summary>
    public Offset? CachedEnd(StreamId stream)
    {
        lock (_lock)
        {
            return _streams.TryGetValue(stream, out CachedStream? cached) && cached.Count > 0 ? cached.End : null;
        }
    }

    /// <summary>
    /// Takes the oldest batches that no seal has, up to <paramref name="maxBytes"/> of payload but at least one, for an upload. Several seals may be in
    /// flight. A failed upload is tried again with the same seal, or given up with <see cref="AbandonUploads"/>.
    /// </summary>
    public SealedUpload Seal(long maxBytes)
    {
        lock (_lock)
        {
            Dictionary<StreamId, List<CachedBatch>> streams = [];
            int first = _uploadedCount + _sealedCount;
            int index = first;
            long bytes = 0;
            WalPosition last = WalPosition.None;
            for (; index < _order.Count; index++)
            {
                CacheEntry entry = _order[index];
                if (bytes > 0 && bytes + entry.Batch.Payload.Length > maxBytes && !entry.IsRemoved)
                {
                    break;
                }

                last = entry.Batch.Position;
                if (!entry.IsRemoved)
                {
                    entry.Batch.Lease.AddRef();
                    bytes += entry.Batch.Payload.Length;
                    _unsealedBytes -= entry.SizeBytes;
                    ref List<CachedBatch>? batches = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(
                        streams, entry.Stream.Id, out _);
                    (batches ??= []).Add(entry.Batch);
                }
            }

            _sealedCount += index - first;
            SealedUpload upload = new(
                [.. streams.OrderBy(pair => pair.Key).Select(pair => new SealedStream(pair.Key, pair.Value))], index - first, bytes, last);
            if (!upload.IsEmpty)
            {
                _sealedUploads.Enqueue(upload);
            }

            return upload;
        }
    }

    /// <summary>
    /// The upload's batches are in the object store and in the metadata. They may now be evicted, and <see cref="UploadedUpTo"/> moves on, as soon as all
    /// earlier seals are uploaded too. Does not dispose the upload.
    /// </summary>
    /// <exception cref="InvalidOperationException">The upload is not one of this cache's in flight.</exception>
    public void MarkUploaded(SealedUpload upload)
    {
        ArgumentNullException.ThrowIfNull(upload);
        if (upload.IsEmpty)
        {
            return;
        }

        lock (_lock)
        {
            if (!_sealedUploads.Contains(upload) || !_uploadedOutOfTurn.Add(upload))
            {
                throw new InvalidOperationException($"the upload up to WAL position {upload.LastPosition} is not in flight");
            }

            while (_sealedUploads.TryPeek(out SealedUpload? next) && _uploadedOutOfTurn.Remove(next))
            {
                _sealedUploads.Dequeue();
                TakeAsUploaded(next);
            }

            Evict();
        }
    }

    /// <summary>
    /// Forgets the seals in flight that were not marked: their batches will be sealed again. For the owner that lost them (a restarted
    /// upload stage). An upload that completes nevertheless is met by the metadata's check of its offsets.
    /// </summary>
    public void AbandonUploads()
    {
        lock (_lock)
        {
            for (int i = _uploadedCount; i < _uploadedCount + _sealedCount; i++)
            {
                CacheEntry entry = _order[i];
                _unsealedBytes += entry.IsRemoved ? 0 : entry.SizeBytes;
            }

            _sealedCount = 0;
            _sealedUploads.Clear();
            _uploadedOutOfTurn.Clear();
        }
    }

    /// <summary>Drops a stream, uploaded or not: its topic was deleted, or its leadership given away after its upload.</summary>
    public void Remove(StreamId stream)
    {
        lock (_lock)
        {
            if (!_streams.Remove(stream, out CachedStream? cached) || cached.Count == 0)
            {
                return;
            }

            // Their places in the order stay, as the counts of the parts and of the seals in flight refer to them.
            for (int i = 0; i < _order.Count; i++)
            {
                CacheEntry entry = _order[i];
                if (entry.Stream == cached && !entry.IsRemoved)
                {
                    _totalBytes -= entry.SizeBytes;
                    _unuploadedBytes -= i >= _uploadedCount ? entry.SizeBytes : 0;
                    _unsealedBytes -= i >= _uploadedCount + _sealedCount ? entry.SizeBytes : 0;
                    entry.Remove();
                }
            }

            Evict();
        }
    }

    private void TakeAsUploaded(SealedUpload upload)
    {
        for (int i = _uploadedCount; i < _uploadedCount + upload.Entries; i++)
        {
            CacheEntry entry = _order[i];
            _unuploadedBytes -= entry.IsRemoved ? 0 : entry.SizeBytes;
        }

        _uploadedMark += upload.Entries;
        _uploadedCount += upload.Entries;
        _sealedCount -= upload.Entries;
        _uploadedUpTo = upload.LastPosition;
    }

    private void Evict()
    {
        while (_uploadedCount > 0 && (_totalBytes > CapacityBytes || _order[0].IsRemoved))
        {
            CacheEntry entry = _order.RemoveFirst();
            _uploadedCount--;
            if (!entry.IsRemoved)
            {
                _totalBytes -= entry.SizeBytes;
                entry.Stream.RemoveFirst(entry);
                entry.Remove();
            }
        }
    }

    private TimeSpan? AgeFrom(bool unsealed)
    {
        lock (_lock)
        {
            for (int i = _uploadedCount + (unsealed ? _sealedCount : 0); i < _order.Count; i++)
            {
                if (!_order[i].IsRemoved)
                {
                    return _time.GetElapsedTime(_order[i].AppendedAt);
                }
            }

            return null;
        }
    }
}
