using Broker.ObjectStore;
using Broker.Wire;
using Broker.Wire.Records;

namespace Broker.Actors.Cleaning;

/// <summary>
/// The first of a cleaning's two passes: puts the keys of what was not cleaned before into the map, batch after batch in
/// the order of offsets, until the map is full. Holds one decompressed batch at a time.
/// </summary>
internal sealed class KeyScan : IDisposable
{
    private readonly OffsetMap _map;
    private readonly Offset _from;
    private readonly RecordUnpacker _unpacker = new(CleaningLimits.MaxRecordsBytes);

    /// <param name="map">Filled; the caller keeps it.</param>
    /// <param name="from">Records before this were cleaned before and are not scanned.</param>
    public KeyScan(OffsetMap map, Offset from) => (_map, _from, End) = (map, from, from);

    /// <summary>The map holds the greatest offset below this one of each key that was scanned, and no offset from this one on.</summary>
    public Offset End { get; private set; }

    /// <summary>Whether the map took no more: the cleaning goes up to <see cref="End"/>, which may lie within a batch, and the next one goes on from there.</summary>
    public bool IsFull { get; private set; }

    /// <summary>Scans whole batches, one behind the other.</summary>
    /// <inheritdoc cref="TryAdd"/>
    public bool TryAddAll(ReadOnlySpan<byte> block)
    {
        while (!block.IsEmpty)
        {
            int size = BlockBatches.BytesOfFirst(block);
            if (!TryAdd(block[..size]))
            {
                return false;
            }

            block = block[size..];
        }

        return true;
    }

    /// <summary>Scans one stored batch.</summary>
    /// <returns>False when the map is full: what is left was not scanned, and further batches would not be.</returns>
    /// <exception cref="StorageException">A batch cannot be read (<see cref="UnreadableBatch"/>); <see cref="End"/> is where it was.</exception>
    public bool TryAdd(ReadOnlySpan<byte> batch)
    {
        if (IsFull)
        {
            return false;
        }

        RecordBatchView view = new(batch);
        if (view.NextOffset <= End.Value)
        {
            return true;
        }

        // A control record's key is no key of the topic's.
        if (!view.IsControl && !TryAddRecords(batch, view.BaseOffset))
        {
            IsFull = true;
            return false;
        }

        End = new Offset(view.NextOffset);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _unpacker.Dispose();

    private bool TryAddRecords(ReadOnlySpan<byte> batch, long baseOffset)
    {
        try
        {
            foreach (RecordSlice record in _unpacker.Read(batch))
            {
                Offset offset = new(baseOffset + record.OffsetDelta);
                if (record.HasKey && offset >= _from && !_map.TryPut(record.Key, offset))
                {
                    End = offset;
                    return false;
                }
            }

            return true;
        }
        catch (ProtocolException cause)
        {
            throw UnreadableBatch.At(baseOffset, cause);
        }
    }
}
