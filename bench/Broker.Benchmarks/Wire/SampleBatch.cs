using System.Text;
using Broker.Wire.Records;

namespace Broker.Benchmarks.Wire;

/// <summary>Data for benchmarks, always the same.</summary>
internal static class SampleBatch
{
    /// <summary>Text in the manner of JSON events: codecs find repetition in it, but no more than in real ones.</summary>
    public static byte[] Text(int bytes)
    {
        Random random = new(1);
        StringBuilder text = new(bytes + 128);
        while (text.Length < bytes)
        {
            text.Append("{\"user\":").Append(random.Next(100_000))
                .Append(",\"action\":\"").Append((DayOfWeek)random.Next(7))
                .Append("\",\"token\":\"").Append(random.NextInt64().ToString("x", null)).Append("\"}");
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, bytes));
    }

    /// <summary>A producer's batch of records without keys, not compressed.</summary>
    public static byte[] Of(int records, int valueBytes = 1024)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions { ProducerId = 1, ProducerEpoch = 0, BaseSequence = 0 });
        byte[] value = Text(valueBytes);
        for (int i = 0; i < records; i++)
        {
            builder.Append(i, null, value);
        }

        return builder.ToArray();
    }
}
