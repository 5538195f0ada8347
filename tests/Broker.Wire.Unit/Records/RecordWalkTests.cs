using System.Buffers.Binary;
using Broker.Wire.Records;

namespace Broker.Wire.Unit.Records;

/// <summary>Records under a right checksum that are not what their batch's header states. Kafka answers INVALID_RECORD to each, but where a test says otherwise.</summary>
public class RecordWalkTests
{
    private const int CountPosition = 57;
    private const int LastOffsetDeltaPosition = 23;

    private static readonly byte[] One = Record(0);

    [Fact]
    public void Whole_records_pass() => Assert.Equal(BatchError.None, Check(2, [.. One, .. Record(1)]));

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(8191)]
    [InlineData(8192)]
    [InlineData(70_000)]
    public void Records_and_values_of_every_length_of_varint_pass(int size)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions());
        builder.Append(0, null, new byte[size]);
        for (int i = 1; i < size; i++)
        {
            builder.Append((long)i << 20, Array.Empty<byte>(), null, i % 100 == 0 ? [new RecordHeader("key", null), new RecordHeader("", new byte[100])] : []);
        }

        Assert.Equal(BatchError.None, RecordBatchValidator.ValidateFromProducer(builder.ToArray()));
    }

    [Fact]
    public void Fewer_records_than_stated_are_found() => Assert.Equal(BatchError.BadRecords, Check(5, One));

    [Fact]
    public void More_records_than_stated_are_found() => Assert.Equal(BatchError.BadRecords, Check(1, [.. One, .. Record(1)]));

    [Fact]
    public void Greatest_count_over_one_record_is_found_at_once() => Assert.Equal(BatchError.BadRecords, Check(int.MaxValue, One));

    [Theory]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 0 })]
    [InlineData(new byte[] { 1 })]
    public void Bytes_that_are_no_record_are_found(byte[] records) => Assert.Equal(BatchError.BadRecords, Check(1, records));

    [Fact]
    public void Length_of_a_record_must_be_the_records()
    {
        byte[] body = One[1..];
        Assert.Equal(BatchError.BadRecords, Check(1, [.. One, 0]));
        Assert.Equal(BatchError.BadRecords, Check(1, [(byte)(2 * (body.Length - 1)), .. body]));
        Assert.Equal(BatchError.BadRecords, Check(1, [(byte)(2 * (body.Length + 1)), .. body]));
        Assert.Equal(BatchError.BadRecords, Check(1, [(byte)(2 * (body.Length + 1)), .. body, 0]));
    }

    [Theory]
    [InlineData(new byte[] { 100, 1 })]
    [InlineData(new byte[] { 1, 100 })]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1 })]
    [InlineData(new byte[] { 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 1 })]
    [InlineData(new byte[] { 0x80, 0x80, 0x80, 0x80, 0x10, 1 })]
    public void Key_or_value_beyond_its_record_is_found(byte[] keyAndValue) =>
        Assert.Equal(BatchError.BadRecords, Check(1, Framed([0, 0, 0, .. keyAndValue, 0])));

    [Fact]
    public void Key_that_reaches_into_the_next_record_is_found() =>
        Assert.Equal(BatchError.BadRecords, Check(2, [.. Framed([0, 0, 0, 20, 1, 0]), .. Framed([0, 0, 2, 1, 40, .. new byte[20], 0])]));

    [Theory]
    [InlineData(new byte[] { 1 })]
    [InlineData(new byte[] { 10, 2, 97, 2, 98 })]
    [InlineData(new byte[] { 2, 1, 2, 98 })]
    [InlineData(new byte[] { 2, 2, 97, 100, 98 })]
    [InlineData(new byte[] { 0, 122, 122 })]
    [InlineData(new byte[] { 0xc0, 0x9a, 0x0c })]
    public void Headers_that_are_not_there_are_found(byte[] headers) =>
        Assert.Equal(BatchError.BadRecords, Check(1, Framed([0, 0, 0, 1, 1, .. headers])));

    [Theory]
    [InlineData(new byte[] { 2, 2, 97, 2, 98 })]
    [InlineData(new byte[] { 2, 2, 97, 1 })]
    [InlineData(new byte[] { 2, 0, 0 })]
    [InlineData(new byte[] { 2, 2, 0xff, 2, 98 })]
    public void Headers_that_are_there_pass(byte[] headers) => Assert.Equal(BatchError.None, Check(1, Framed([0, 0, 0, 1, 1, .. headers])));

    [Theory]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 }, BatchError.None)]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02 }, BatchError.BadRecords)]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 }, BatchError.BadRecords)]
    public void Timestamp_delta_has_64_bits(byte[] delta, BatchError expected) => Assert.Equal(expected, Check(1, Framed([0, .. delta, 0, 1, 1, 0])));

    // Kafka takes these. Their records would have offsets that are not theirs, and no producer sends them.
    [Theory]
    [InlineData(new[] { 1 })]
    [InlineData(new[] { -1 })]
    [InlineData(new[] { 0, 0 })]
    [InlineData(new[] { 1, 0 })]
    [InlineData(new[] { 0, 2 })]
    public void Offset_deltas_count_from_0(int[] deltas) =>
        Assert.Equal(BatchError.BadRecords, Check(deltas.Length, [.. deltas.SelectMany(Record)]));

    // Kafka takes any negative length for null.
    [Theory]
    [InlineData(new byte[] { 3, 1 })]
    [InlineData(new byte[] { 1, 3 })]
    public void Null_is_the_length_minus_1_and_no_other(byte[] keyAndValue) =>
        Assert.Equal(BatchError.BadRecords, Check(1, Framed([0, 0, 0, .. keyAndValue, 0])));

    [Theory]
    [InlineData(55)]
    [InlineData(-1)]
    [InlineData(1L << 62)]
    public void Base_offset_of_a_producer_is_0(long baseOffset)
    {
        byte[] batch = Batch(1, One);
        RecordBatchPatcher.SetBaseOffset(batch, baseOffset);

        Assert.Equal((BatchError.BadBaseOffset, ErrorCode.InvalidRecord), (RecordBatchValidator.ValidateFromProducer(batch), BatchError.BadBaseOffset.ToErrorCode()));
        Assert.Equal(BatchError.None, RecordBatchValidator.Validate(batch));
    }

    private static BatchError Check(int count, byte[] records)
    {
        BatchError found = RecordBatchValidator.ValidateFromProducer(Batch(count, records));
        Assert.True(found is BatchError.None || found.ToErrorCode() == ErrorCode.InvalidRecord);
        return found;
    }

    private static byte[] Record(int offsetDelta) => Framed([0, 0, (byte)((offsetDelta << 1) ^ (offsetDelta >> 31)), 1, 2, 120, 0]);

    private static byte[] Framed(byte[] record) => [(byte)(2 * record.Length), .. record];

    private static byte[] Batch(int count, byte[] records)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions());
        builder.Append(0, null, Array.Empty<byte>());
        byte[] batch = [.. builder.ToArray()[..RecordBatchView.HeaderBytes], .. records];
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), batch.Length - 12);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(LastOffsetDeltaPosition), count - 1);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(CountPosition), count);
        RecordBatchPatcher.SetCrc(batch);
        return batch;
    }
}
