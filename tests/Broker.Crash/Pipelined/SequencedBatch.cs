using System.Globalization;
using System.Text;
using Broker.Wire.Records;

namespace Broker.Crash.Pipelined;

/// <summary>A batch that a producer has numbered; sent again, it is sent byte for byte the same.</summary>
/// <param name="FirstRecord">The number of its first record among all of the producer's; the next ones are <paramref name="Stride"/> apart.</param>
/// <param name="Stride">The number of partitions: record s of a producer goes to partition s mod this.</param>
/// <param name="BaseSequence">The sequence of its first record in the partition (KIP-98).</param>
/// <param name="Count">Its records.</param>
/// <param name="Bytes">The batch as it goes over the wire.</param>
internal sealed record SequencedBatch(long FirstRecord, int Stride, int BaseSequence, int Count, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Whether it was sent before on a connection that broke, or was refused.</summary>
    public bool IsRepeated { get; set; }

    public IEnumerable<long> RecordNumbers => Enumerable.Range(0, Count).Select(i => FirstRecord + ((long)i * Stride));

    /// <summary>Builds the bytes: each record's key is the producer, its value "number:" and filling.</summary>
    public static SequencedBatch Build(
        ProducerIdentity identity, long firstRecord, int stride, int baseSequence, int count, int fillingBytes, long timestampMs)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions
        {
            ProducerId = identity.ProducerId,
            ProducerEpoch = identity.Epoch,
            BaseSequence = baseSequence,
        });
        byte[] key = Encoding.UTF8.GetBytes(identity.Producer.ToString(CultureInfo.InvariantCulture));
        for (int i = 0; i < count; i++)
        {
            string number = (firstRecord + ((long)i * stride)).ToString(CultureInfo.InvariantCulture);
            builder.Append(timestampMs, key, Encoding.UTF8.GetBytes($"{number}:{new string('x', fillingBytes)}"));
        }

        return new SequencedBatch(firstRecord, stride, baseSequence, count, builder.ToArray());
    }
}

/// <summary>Who a producer is: to the test by its number, to the broker by the id that it was given.</summary>
internal readonly record struct ProducerIdentity(int Producer, long ProducerId, short Epoch);
