using System.Text;
using Broker.Actors.Unit.Fakes;
using Broker.Wire.Compression;
using Broker.Wire.Records;
using Record = Broker.Wire.Records.Record;

namespace Broker.Actors.Unit.Cleaning;

/// <summary>Batches as a log holds them, and what readers see of them.</summary>
internal static class StoredBatches
{
    /// <summary>A batch with these records at successive offsets; "k=v", a tombstone as "k", a record without a key as "=v".</summary>
    public static byte[] Of(long baseOffset, CompressionType codec, params string[] records) =>
        Of(new RecordBatchOptions { BaseOffset = baseOffset, Compression = codec, PartitionLeaderEpoch = 3, ProducerId = 42, ProducerEpoch = 1, BaseSequence = 7 }, records);

    public static byte[] Of(RecordBatchOptions options, params string[] records)
    {
        using RecordBatchBuilder builder = new(options);
        for (int i = 0; i < records.Length; i++)
        {
            string[] parts = records[i].Split('=');
            builder.Append(
                TestBatches.TimestampMs + i,
                parts[0].Length == 0 ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(parts[0]),
                parts.Length == 1 ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(parts[1]),
                [new RecordHeader("h", new byte[] { (byte)i }), new RecordHeader("n", null)]);
        }

        return builder.ToArray();
    }

    /// <summary>The records of a batch, each with everything that a reader can see of it.</summary>
    public static IReadOnlyList<string> Read(ReadOnlyMemory<byte> batch)
    {
        Assert.Equal(BatchError.None, RecordBatchValidator.Validate(batch.Span));
        using RecordReader reader = RecordReader.Open(batch, int.MaxValue / 2);
        List<string> records = [];
        while (reader.TryRead(out Record record))
        {
            string headers = string.Join(',', record.Headers.Select(header => $"{header.Key}:{(header.Value is { } value ? Convert.ToHexString(value.Span) : "null")}"));
            records.Add($"{record.Offset}@{record.TimestampMs - TestBatches.TimestampMs} {Text(record.Key)}={Text(record.Value)} {headers}");
        }

        return records;
    }

    /// <summary>What a batch says about itself, but for its records and what follows from them.</summary>
    public static string Identity(ReadOnlySpan<byte> batch)
    {
        RecordBatchView view = new(batch);
        return $"{view.BaseOffset}-{view.LastOffset} epoch {view.PartitionLeaderEpoch} {view.TimestampType} {view.IsTransactional} {view.IsControl} " +
            $"producer {view.ProducerId}/{view.ProducerEpoch}/{view.BaseSequence}-{view.LastSequence}";
    }

    private static string Text(ReadOnlyMemory<byte>? bytes) => bytes is { } value ? Encoding.UTF8.GetString(value.Span) : "null";
}
