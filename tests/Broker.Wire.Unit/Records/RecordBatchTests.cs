using System.Buffers.Binary;
using Broker.Wire.Compression;
using Broker.Wire.Records;

namespace Broker.Wire.Unit.Records;

public class RecordBatchTests
{
    [Theory]
    [InlineData(0, 3, BatchError.None)]
    [InlineData(16, 1, BatchError.OldMagic)]
    [InlineData(16, 0, BatchError.OldMagic)]
    [InlineData(16, 3, BatchError.UnknownMagic)]
    [InlineData(16, 255, BatchError.UnknownMagic)]
    [InlineData(11, 0, BatchError.BadLength)]
    [InlineData(8, 0x80, BatchError.BadLength)]
    [InlineData(17, 0, BatchError.BadCrc)]
    [InlineData(70, 0xEE, BatchError.BadCrc)]
    public void Validator_finds_a_changed_byte(int position, byte value, BatchError expected)
    {
        byte[] batch = Build(3);
        batch[position] = value;
        Assert.Equal(expected, RecordBatchValidator.Validate(batch));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(2000)]
    public void Checksum_of_all_is_that_of_every_byte_also_after_patches(int records)
    {
        byte[] batch = Build(records);
        RecordBatchPatcher.SetLogAppendTime(batch, 99);
        RecordBatchPatcher.SetBaseOffset(batch, 1234567);
        RecordBatchPatcher.SetPartitionLeaderEpoch(batch, 7);
        Assert.Equal(Crc32C.Compute(batch), new RecordBatchView(batch).ChecksumOfAll());
    }

    [Theory]
    [InlineData(22, 5, BatchError.UnknownCodec, BatchError.UnknownCodec)]
    [InlineData(57, 0xFF, BatchError.BadCount, BatchError.BadCount)]
    [InlineData(60, 0, BatchError.None, BatchError.BadCount)]
    [InlineData(60, 2, BatchError.None, BatchError.BadDelta)]
    [InlineData(60, 4, BatchError.BadDelta, BatchError.BadDelta)]
    [InlineData(23, 0x80, BatchError.BadDelta, BatchError.BadDelta)]
    [InlineData(26, 9, BatchError.None, BatchError.BadDelta)]
    [InlineData(22, 0x20, BatchError.None, BatchError.ControlFromProducer)]
    [InlineData(22, 0x08, BatchError.None, BatchError.BadTimestampType)]
    [InlineData(43, 0x00, BatchError.None, BatchError.BadSequence)]
    public void Validator_finds_a_bad_field_under_a_right_checksum(int position, byte value, BatchError stored, BatchError produced)
    {
        byte[] batch = Build(3);
        batch[position] = value;
        Seal(batch);
        Assert.Equal(stored, RecordBatchValidator.Validate(batch));
        Assert.Equal(produced, RecordBatchValidator.ValidateFromProducer(batch));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    [InlineData(60)]
    public void Validator_finds_a_batch_that_is_too_small(int length) =>
        Assert.Equal(BatchError.TooSmall, RecordBatchValidator.Validate(Build(1).AsSpan(0, length)));

    [Fact]
    public void Validator_wants_exactly_one_batch()
    {
        byte[] batch = Build(1);
        Assert.Equal(BatchError.BadLength, RecordBatchValidator.Validate([.. batch, 0]));
        Assert.Equal(BatchError.BadLength, RecordBatchValidator.Validate(batch.AsSpan(0, batch.Length - 1)));
    }

    [Fact]
    public void Every_batch_error_has_an_error_code() =>
        Assert.All(Enum.GetValues<BatchError>(), error => Assert.Equal(error == BatchError.None, error.ToErrorCode() == ErrorCode.None));

    [Fact]
    public void Offset_and_leader_epoch_are_patched_outside_the_checksum()
    {
        byte[] batch = Build(3);
        RecordBatchPatcher.SetBaseOffset(batch, 1L << 40);
        RecordBatchPatcher.SetPartitionLeaderEpoch(batch, 17);
        RecordBatchView view = new(batch);
        Assert.Equal(((1L << 40) + 2, 17, true), (view.LastOffset, view.PartitionLeaderEpoch, view.IsCrcValid));
    }

    [Fact]
    public void Append_time_holds_for_all_records_and_the_checksum_fits()
    {
        byte[] batch = Build(3);
        byte[] followed = [.. batch, 1, 2, 3];
        RecordBatchPatcher.SetLogAppendTime(followed, 123456);
        Assert.Equal([1, 2, 3], followed[^3..]);
        Assert.Equal(BatchError.None, RecordBatchValidator.Validate(followed.AsSpan(0, batch.Length)));
        using RecordReader reader = RecordReader.Open(followed, 1000);
        Assert.True(reader.TryRead(out Record record));
        Assert.Equal(123456, record.TimestampMs);
        Assert.True(reader.TryRead(out record));
        Assert.Equal(123456, record.TimestampMs);
    }

    [Theory]
    [InlineData(0, 2, 2)]
    [InlineData(int.MaxValue - 1, 1, int.MaxValue)]
    [InlineData(int.MaxValue - 1, 2, 0)]
    [InlineData(int.MaxValue, 3, 2)]
    public void Sequence_goes_on_with_0_after_the_greatest(int sequence, int count, int expected) =>
        Assert.Equal(expected, ProducerSequence.Add(sequence, count));

    [Fact]
    public void Enumerator_walks_whole_batches_and_stops_at_a_cut_off_one()
    {
        byte[] first = Build(1);
        byte[] second = Build(2);
        byte[] buffer = [.. first, .. second, .. Build(3)[..^1]];
        RecordBatchEnumerator batches = new(buffer);
        Assert.True(batches.MoveNext());
        Assert.Equal((1, 0), (batches.Current.RecordCount, batches.CurrentPosition));
        Assert.True(batches.MoveNext());
        Assert.Equal((2, first.Length), (batches.Current.RecordCount, batches.CurrentPosition));
        Assert.False(batches.MoveNext());
        Assert.Equal(first.Length + second.Length, batches.Consumed);
    }

    [Fact]
    public void Enumerator_refuses_a_length_that_is_less_than_a_header()
    {
        byte[] buffer = Build(1);
        BinaryPrimitives.WriteInt32BigEndian(buffer.AsSpan(8), 48);
        Assert.Throws<MalformedMessageException>(() => new RecordBatchEnumerator(buffer).MoveNext());
    }

    [Fact]
    public void Builder_keeps_gaps_between_offsets()
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions { BaseOffset = 10 });
        builder.Append(new Record(12, 5, null, null, []));
        builder.Append(new Record(20, 4, null, null, []));
        Assert.Throws<ArgumentException>(() => builder.Append(new Record(20, 4, null, null, [])));
        byte[] batch = builder.ToArray();
        Assert.Equal(BatchError.None, RecordBatchValidator.Validate(batch));
        RecordBatchView view = new(batch);
        Assert.Equal((10L, 20L, 2, 5L, 5L), (view.BaseOffset, view.LastOffset, view.RecordCount, view.BaseTimestamp, view.MaxTimestamp));
        using RecordReader reader = RecordReader.Open(batch, 0);
        Assert.True(reader.TryRead(out Record record));
        Assert.Equal(12, record.Offset);
        Assert.True(reader.TryRead(out record));
        Assert.Equal((20L, 4L), (record.Offset, record.TimestampMs));
    }

    [Fact]
    public void Builder_refuses_a_record_beyond_its_bound_and_an_empty_batch()
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions { MaxRecordsBytes = 100 });
        Assert.Throws<InvalidOperationException>(() => builder.Append(0, null, new byte[100]));
        Assert.Throws<InvalidOperationException>(builder.ToArray);
        builder.Append(0, null, new byte[80]);
        Assert.Throws<InvalidOperationException>(() => builder.Append(0, null, new byte[80]));
        Assert.Equal(1, builder.Count);
        Assert.Equal(builder.UncompressedBytes, builder.ToArray().Length);
    }

    [Theory]
    [InlineData(61, 0x7F)]
    [InlineData(61, 0x00)]
    [InlineData(64, 0x7F)]
    [InlineData(65, 0x03)]
    [InlineData(67, 0x7F)]
    public void Reader_refuses_records_that_do_not_fit_the_batch(int position, byte value)
    {
        byte[] batch = Build(1);
        batch[position] = value;
        using RecordReader reader = RecordReader.Open(batch, 1000);
        Assert.Throws<MalformedMessageException>(() => reader.TryRead(out _));
    }

    [Fact]
    public void Reader_refuses_a_count_that_the_records_do_not_have()
    {
        byte[] batch = Build(2);
        batch[60] = 1;
        using RecordReader fewer = RecordReader.Open(batch, 1000);
        Assert.True(fewer.TryRead(out _));
        Assert.Throws<MalformedMessageException>(() => fewer.TryRead(out _));

        batch[60] = 3;
        using RecordReader more = RecordReader.Open(batch, 1000);
        Assert.True(more.TryRead(out _) && more.TryRead(out _));
        Assert.Throws<MalformedMessageException>(() => more.TryRead(out _));
    }

    private static byte[] Build(int count)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions { Compression = CompressionType.None });
        for (int i = 0; i < count; i++)
        {
            builder.Append(1000 + i, new byte[] { 1 }, new byte[] { 2, 3, 4, 5, 6 });
        }

        return builder.ToArray();
    }

    private static void Seal(byte[] batch) => BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(17), Crc32C.Compute(batch.AsSpan(21)));
}
