using System.Buffers.Binary;
using System.Text;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.Fakes;

/// <summary>Record batches as a producer sends them.</summary>
internal static class TestBatches
{
    public const long TimestampMs = 1_700_000_000_000;

    public static byte[] Of(int records = 1, long producerId = -1, short producerEpoch = -1, int baseSequence = -1, long timestampMs = TimestampMs, int valueBytes = 10) =>
        Of(new RecordBatchOptions { ProducerId = producerId, ProducerEpoch = producerEpoch, BaseSequence = baseSequence }, records, timestampMs, valueBytes);

    public static byte[] Of(RecordBatchOptions options, int records = 1, long timestampMs = TimestampMs, int valueBytes = 10)
    {
        using RecordBatchBuilder builder = new(options);
        for (int i = 0; i < records; i++)
        {
            builder.Append(timestampMs, Encoding.UTF8.GetBytes($"key-{i}"), new byte[valueBytes]);
        }

        return builder.ToArray();
    }

    /// <summary>Sets length and checksum to what the bytes are, as one would who means to deceive.</summary>
    public static byte[] Resealed(byte[] batch)
    {
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), batch.Length - 12);
        BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(17), Crc32C.Compute(batch.AsSpan(21)));
        return batch;
    }
}
