using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;

namespace Broker.ObjectStore.Inspection;

/// <summary>
/// Reads a write-ahead log in the bucket as the next start will, and goes on behind what that start would end at: every slot that is damaged or missing, and the records that it would
/// lose. What is uploaded is not lost, but a slot that cannot be read stops a start all the same. Reads only; its owner may append and trim meanwhile.
/// </summary>
internal sealed class WalVerify(IObjectStore store, MetadataImage image, AttachedWal wal)
{
    /// <summary>An owner that runs may trim what is being read; it does so once an upload.</summary>
    private const int MaxTries = 4;

    /// <summary>For where the table is gone that says so.</summary>
    private const string UnknownRecords = "records that were acknowledged and are not uploaded yet: which, only what is damaged or missing could tell";

    private readonly LogKeys _keys = new(BucketWalOptions.PrefixOf(wal.WalId));
    private readonly List<StoreFault> _faults = [];
    private long? _nextPosition;

    /// <summary>Slots with records that were read.</summary>
    public long Slots { get; private set; }

    /// <summary>Their records, and those that are uploaded already among them.</summary>
    public long Records { get; private set; }

    /// <summary>What is wrong with the log.</summary>
    /// <exception cref="StorageException">Unavailable: the store fails, or the log is trimmed faster than it is read.</exception>
    public async ValueTask<IReadOnlyList<StoreFault>> RunAsync(CancellationToken ct)
    {
        for (int attempt = 1; ; attempt++)
        {
            (Slots, Records, _nextPosition) = (0, 0, null);
            _faults.Clear();
            try
            {
                await ReadAsync(ct);
                return _faults;
            }
            catch (StorageException trimmed) when (trimmed.Kind == StorageErrorKind.NotFound)
            {
                if (attempt == MaxTries)
                {
                    throw new StorageException(StorageErrorKind.Unavailable, $"the WAL '{_keys.Prefix}' is being trimmed while it is read; try again: {trimmed.Message}", trimmed);
                }
            }
        }
    }

    private async ValueTask ReadAsync(CancellationToken ct)
    {
        try
        {
            if (await LogReader.FindStartAsync(store, _keys.Prefix, ct) is not { } start)
            {
                Add(_keys.Boundary, "it is not there, though the metadata refer to the log");
                await ReadEachFromAsync(0, before: null, ct);
                return;
            }

            LogReader reader = new(store, _keys, start, showsDamaged: true);
            try
            {
                await foreach (LogEntry entry in reader.ReadToEndAsync(ct))
                {
                    Take(entry.Slot, entry.Payload);
                }
            }
            catch (StorageException fault) when (IsFault(fault))
            {
                Add(_keys.Slot(reader.Position.NextSlot), fault.Message);
                _nextPosition = null;
                await ReadEachFromAsync(reader.Position.NextSlot + 1, reader.Position, ct);
            }
        }
        catch (StorageException fault) when (IsFault(fault))
        {
            Add(_keys.Boundary, fault.Message);
            await ReadEachFromAsync(0, before: null, ct);
        }
    }

    /// <summary>The slots behind one that ends every reading: each for itself.</summary>
    /// <param name="slot">The first of them.</param>
    /// <param name="before">The owner before it, by whom it is told whether a slot that is not there was ever taken; null: that cannot be told.</param>
    /// <param name="ct">Ends it.</param>
    private async ValueTask ReadEachFromAsync(long slot, LogPosition? before, CancellationToken ct)
    {
        long expected = slot;
        await foreach (ObjectInfo info in store.ListAsync(_keys.ListPrefix, _keys.StartAfterFor(slot), ct))
        {
            if (!_keys.TryParse(info.Key, out long found))
            {
                continue;
            }

            if (found > expected && before is { } owner)
            {
                await LookIntoGapAsync(owner with { NextSlot = expected }, ct);
            }

            expected = found + 1;
            try
            {
                if (await LogReader.TryGetAsync(store, _keys, found, ct, showsDamaged: true) is { } frame)
                {
                    before = before is null ? null : new LogPosition(found + 1, frame.Epoch, frame.WriterId);
                    if (!frame.IsFence)
                    {
                        Take(found, frame.Payload);
                    }
                }
            }
            catch (StorageException fault) when (IsFault(fault))
            {
                Add(info.Key, fault.Message);
            }

            // Void entries are among them, and slots are missing: nothing follows anything.
            _nextPosition = null;
        }
    }

    private async ValueTask LookIntoGapAsync(LogPosition at, CancellationToken ct)
    {
        if (await new LogGap(store, _keys).FindProofAsync(at, ct) is { } proof
            && await LogBoundary.LoadAsync(store, _keys, ct) is { } now && now.Boundary.First.NextSlot <= at.NextSlot)
        {
            Add(_keys.Slot(at.NextSlot), $"it is not there, though '{proof}' beyond it shows that it was written");
        }
    }

    private void Take(long slot, ReadOnlyMemory<byte> payload)
    {
        Slots++;
        try
        {
            IReadOnlyList<WalRecoveredRecord> records = BucketSlot.Decode(payload, "the slot");
            if (_nextPosition is { } expected && records[0].Position.Value != expected)
            {
                Add(_keys.Slot(slot), $"it begins with the record at position {records[0].Position.Value}, after {expected - 1}: records between them are lost, or there twice");
            }

            _nextPosition = records[^1].Position.Value + 1;
            Records += records.Count;
            foreach (WalRecoveredRecord damaged in records.Where(record => record.Damage is not null && IsNeeded(record.Record)))
            {
                _faults.Add(new StoreFault(_keys.Slot(slot), damaged.Damage!, [StoreVerify.Describe(image, damaged.Record.Stream, damaged.Record.BaseOffset, damaged.Record.LastOffset)]));
            }
        }
        catch (StorageException fault) when (IsFault(fault))
        {
            Add(_keys.Slot(slot), fault.Message);
            _nextPosition = null;
        }
    }

    private bool IsNeeded(in WalRecord record) => image.FindStream(record.Stream) is { } stream && record.LastOffset >= stream.EndOffset;

    private void Add(ObjectKey key, string problem) => _faults.Add(new StoreFault(key, $"{problem}. A start with this log ends", [UnknownRecords]));

    private static bool IsFault(StorageException error) => error.Kind is StorageErrorKind.Corrupt or StorageErrorKind.Invalid;
}
