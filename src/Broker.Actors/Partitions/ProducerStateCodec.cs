using System.Buffers.Binary;
using Broker.ObjectStore;

namespace Broker.Actors.Partitions;

/// <summary>
/// A producer table as bytes: the state that an upload stores beside a partition's records, so that recognising
/// duplicates survives the end of the write-ahead log's copy. Layout: docs/formats/producer-state.md.
/// </summary>
internal static class ProducerStateCodec
{
    private const byte Version = 1;
    private const int HeaderBytes = 1 + 4;
    private const int EntryBytes = 8 + 2 + 4 + 8 + 1;
    private const int BatchBytes = 4 + 4 + 8 + 8 + 8;

    /// <summary>The durable part of a table; empty when there is none.</summary>
    public static ReadOnlyMemory<byte> Encode(ProducerTable table)
    {
        ProducerEntry[] durable = [.. table.Entries.Where(entry => entry.DurableSequence >= 0)];
        if (durable.Length == 0)
        {
            return default;
        }

        ProducerBatch[][] batches = [.. durable.Select(DurableBatches)];
        byte[] bytes = new byte[HeaderBytes + (durable.Length * EntryBytes) + (batches.Sum(b => b.Length) * BatchBytes)];
        Writer writer = new(bytes);
        writer.Byte(Version);
        writer.Int32(durable.Length);
        for (int i = 0; i < durable.Length; i++)
        {
            writer.Int64(durable[i].ProducerId);
            writer.Int16(durable[i].Epoch);
            writer.Int32(durable[i].DurableSequence);
            writer.Int64(durable[i].LastTimestampMs);
            writer.Byte((byte)batches[i].Length);
            foreach (ProducerBatch batch in batches[i])
            {
                writer.Int32(batch.BaseSequence);
                writer.Int32(batch.LastSequence);
                writer.Int64(batch.BaseOffset.Value);
                writer.Int64(batch.LastOffset.Value);
                writer.Int64(batch.TimestampMs);
            }
        }

        return bytes;
    }

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <exception cref="StorageException">Corrupt: the bytes are not such a state. Invalid: of a newer version.</exception>
    public static ProducerTable Decode(ReadOnlySpan<byte> bytes)
    {
        ProducerTable table = new();
        if (bytes.IsEmpty)
        {
            return table;
        }

        Reader reader = new(bytes);
        byte version = reader.Byte();
        if (version != Version)
        {
            throw new StorageException(StorageErrorKind.Invalid, $"producer state of version {version}; this build reads version {Version}");
        }

        int count = reader.Int32();
        for (int i = 0; i < count; i++)
        {
            table.Restore(ReadEntry(ref reader));
        }

        reader.ExpectEnd();
        return table;
    }

    private static ProducerEntry ReadEntry(ref Reader reader)
    {
        long producerId = reader.Int64();
        short epoch = reader.Int16();
        int lastSequence = reader.Int32();
        long lastTimestampMs = reader.Int64();
        ProducerBatch[] batches = new ProducerBatch[reader.Byte()];
        for (int i = 0; i < batches.Length; i++)
        {
            batches[i] = new ProducerBatch(producerId, epoch, reader.Int32(), reader.Int32(), new Offset(reader.Int64()), new Offset(reader.Int64()), reader.Int64());
        }

        return ProducerEntry.Stored(producerId, epoch, lastSequence, lastTimestampMs, batches);
    }

    // Sequences in one producer's log only grow (they wrap at int.MaxValue), so the durable batches are those up to the durable one.
    private static ProducerBatch[] DurableBatches(ProducerEntry entry)
    {
        List<ProducerBatch> durable = [];
        foreach (ProducerBatch batch in entry.Batches)
        {
            durable.Add(batch);
            if (batch.LastSequence == entry.DurableSequence)
            {
                return [.. durable];
            }
        }

        return [];
    }

    private ref struct Writer(Span<byte> rest)
    {
        private Span<byte> _rest = rest;

        public void Byte(byte value) => Take(1)[0] = value;

        public void Int16(short value) => BinaryPrimitives.WriteInt16LittleEndian(Take(2), value);

        public void Int32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(4), value);

        public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Take(8), value);

        private Span<byte> Take(int count)
        {
            Span<byte> taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }
    }

    private ref struct Reader(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        public byte Byte() => Take(1)[0];

        public short Int16() => BinaryPrimitives.ReadInt16LittleEndian(Take(2));

        public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

        public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

        public readonly void ExpectEnd()
        {
            if (!_rest.IsEmpty)
            {
                throw Corrupt($"{_rest.Length} bytes too many");
            }
        }

        private ReadOnlySpan<byte> Take(int count)
        {
            if (_rest.Length < count)
            {
                throw Corrupt("it ends too early");
            }

            ReadOnlySpan<byte> taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }

        private static StorageException Corrupt(string problem) => new(StorageErrorKind.Corrupt, $"producer state: {problem}");
    }
}
