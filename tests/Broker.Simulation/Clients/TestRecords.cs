using System.Buffers;
using System.Buffers.Binary;
using Broker.Simulation.Model;
using Broker.Wire.Records;

namespace Broker.Simulation.Clients;

/// <summary>Record batches whose records say who they are, in a header: so that those without a value do, too.</summary>
internal static class TestRecords
{
    private const string IdHeader = "id";
    private const int IdBytes = 2 * sizeof(int);
    private const int MaxBatchBytes = 1 << 20;

    /// <summary>A batch of consecutive records of one writer.</summary>
    public static byte[] Batch(TopicRules rules, RecordWriter writer, int firstNumber, int count, int valueBytes, long timestampMs, long producerId, short producerEpoch)
    {
        RecordBatchOptions options = writer.IsIdempotent
            ? new RecordBatchOptions { ProducerId = producerId, ProducerEpoch = producerEpoch, BaseSequence = firstNumber }
            : new RecordBatchOptions();
        using RecordBatchBuilder builder = new(options);
        for (int i = 0; i < count; i++)
        {
            RecordId id = new(writer.Number, firstNumber + i);
            byte[] header = new byte[IdBytes];
            BinaryPrimitives.WriteInt32BigEndian(header, id.Writer);
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(sizeof(int)), id.Number);
            ReadOnlyMemory<byte>? key = rules.KeyOf(id) is { } number ? BitConverter.GetBytes(number) : default(ReadOnlyMemory<byte>?);
            builder.Append(timestampMs, key, rules.IsTombstone(id, writer) ? default(ReadOnlyMemory<byte>?) : new byte[valueBytes], [new RecordHeader(IdHeader, header)]);
        }

        return builder.ToArray();
    }

    /// <summary>The records of an answer, checked as clients check them.</summary>
    public static FetchedRecords Read(ReadOnlySequence<byte> bytes)
    {
        List<FetchedRecord> found = [];
        long? next = null;
        ReadOnlyMemory<byte> whole = bytes.ToArray();
        RecordBatchEnumerator batches = new(whole.Span);
        while (batches.MoveNext())
        {
            RecordBatchView batch = batches.Current;
            if (!batch.IsCrcValid)
            {
                throw new ViolationException($"the batch at offset {batch.BaseOffset} is damaged");
            }

            using RecordReader reader = RecordReader.Open(whole.Slice(batches.CurrentPosition, (int)batch.SizeInBytes), MaxBatchBytes);
            while (reader.TryRead(out Broker.Wire.Records.Record record))
            {
                ReadOnlySpan<byte> id = record.Headers[0].Value!.Value.Span;
                found.Add(new FetchedRecord(
                    record.Offset,
                    new RecordId(BinaryPrimitives.ReadInt32BigEndian(id), BinaryPrimitives.ReadInt32BigEndian(id[sizeof(int)..])),
                    record.TimestampMs,
                    record.Key is { } key ? BitConverter.ToInt32(key.Span) : null,
                    record.Value is null));
            }

            next = batch.NextOffset;
        }

        return new FetchedRecords(found, next);
    }
}

/// <summary>What an answer holds.</summary>
/// <param name="Next">The offset after its last batch, which may have lost its records; null when it has none.</param>
internal sealed record FetchedRecords(IReadOnlyList<FetchedRecord> Records, long? Next)
{
    public static readonly FetchedRecords None = new([], null);
}
