using System.Buffers;
using System.Buffers.Binary;
using Broker.Simulation.Model;
using Broker.Wire.Records;

namespace Broker.Simulation.Clients;

/// <summary>Record batches whose records say who they are.</summary>
internal static class TestRecords
{
    private const int IdBytes = 2 * sizeof(int);
    private const int MaxBatchBytes = 1 << 20;

    /// <summary>A batch of consecutive records of one writer.</summary>
    public static byte[] Batch(RecordWriter writer, int firstNumber, int count, int paddingBytes, long timestampMs, long producerId, short producerEpoch)
    {
        RecordBatchOptions options = writer.IsIdempotent
            ? new RecordBatchOptions { ProducerId = producerId, ProducerEpoch = producerEpoch, BaseSequence = firstNumber }
            : new RecordBatchOptions();
        using RecordBatchBuilder builder = new(options);
        for (int i = 0; i < count; i++)
        {
            byte[] value = new byte[IdBytes + paddingBytes];
            BinaryPrimitives.WriteInt32BigEndian(value, writer.Number);
            BinaryPrimitives.WriteInt32BigEndian(value.AsSpan(sizeof(int)), firstNumber + i);
            builder.Append(timestampMs, null, value);
        }

        return builder.ToArray();
    }

    /// <summary>The records of an answer, checked as clients check them.</summary>
    public static List<(long Offset, RecordId Id, long TimestampMs)> Read(ReadOnlySequence<byte> bytes)
    {
        List<(long Offset, RecordId Id, long TimestampMs)> found = [];
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
                ReadOnlySpan<byte> value = record.Value!.Value.Span;
                found.Add((record.Offset, new RecordId(BinaryPrimitives.ReadInt32BigEndian(value), BinaryPrimitives.ReadInt32BigEndian(value[sizeof(int)..])), record.TimestampMs));
            }
        }

        return found;
    }
}
