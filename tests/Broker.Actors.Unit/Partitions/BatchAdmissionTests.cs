using Broker.Actors.Configuration;
using Broker.Actors.Partitions;
using Broker.Actors.Unit.Fakes;
using Broker.Wire;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.Partitions;

/// <summary>Which record batches a partition takes, and Kafka's code for those that it does not.</summary>
public sealed class BatchAdmissionTests
{
    private static readonly TopicConfig Defaults = TestOptions.Topic();
    private static readonly WalAppendBound Wal = TestOptions.Of().Storage.WalAppendBound;

    [Fact]
    public void Batch_of_a_producer_is_taken() => Assert.Equal(ErrorCode.None, Check(TestBatches.Of(3, producerId: 1, producerEpoch: 0, baseSequence: 0)));

    [Fact]
    public void Nothing_at_all_is_an_invalid_record() => Assert.Equal(ErrorCode.InvalidRecord, Check([]));

    [Fact]
    public void Two_batches_are_an_invalid_record() => Assert.Equal(ErrorCode.InvalidRecord, Check([.. TestBatches.Of(), .. TestBatches.Of()]));

    [Fact]
    public void Control_batch_is_an_invalid_record() => Assert.Equal(ErrorCode.InvalidRecord, Check(TestBatches.Of(new RecordBatchOptions { IsControl = true })));

    [Fact]
    public void Batch_with_fewer_records_than_it_states_is_an_invalid_record()
    {
        byte[] batch = TestBatches.Of(records: 5);
        byte[] single = TestBatches.Of(records: 1);

        Assert.Equal(ErrorCode.InvalidRecord, Check(TestBatches.Resealed([.. batch[..RecordBatchView.HeaderBytes], .. single[RecordBatchView.HeaderBytes..]])));
    }

    [Fact]
    public void Batch_whose_records_are_noise_is_an_invalid_record() =>
        Assert.Equal(ErrorCode.InvalidRecord, Check(TestBatches.Resealed([.. TestBatches.Of()[..RecordBatchView.HeaderBytes], 0xff, 0xff, 0xff, 0xff])));

    [Fact]
    public void Batch_that_numbers_itself_is_an_invalid_record()
    {
        byte[] batch = TestBatches.Of();
        RecordBatchPatcher.SetBaseOffset(batch, 55);

        Assert.Equal(ErrorCode.InvalidRecord, Check(batch));
    }

    [Fact]
    public void Batch_with_a_flipped_bit_is_corrupt()
    {
        byte[] batch = TestBatches.Of();
        batch[^1] ^= 1;

        Assert.Equal(ErrorCode.CorruptMessage, Check(batch));
    }

    [Fact]
    public void Batch_that_is_cut_off_is_corrupt()
    {
        byte[] batch = TestBatches.Of();
        for (int length = RecordBatchView.HeaderBytes; length < batch.Length; length++)
        {
            Assert.Equal(ErrorCode.CorruptMessage, Check(batch[..length]));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Message_set_of_an_old_format_is_refused(byte magic)
    {
        byte[] batch = TestBatches.Of();
        batch[16] = magic;

        Assert.Equal(ErrorCode.InvalidRecord, Check(batch));
    }

    [Fact]
    public void Batch_beyond_max_message_bytes_is_too_large()
    {
        byte[] batch = TestBatches.Of(valueBytes: 100);

        Assert.Equal(ErrorCode.None, Check(batch, TestOptions.Topic(("max.message.bytes", $"{batch.Length}"))));
        Assert.Equal(ErrorCode.MessageTooLarge, Check(batch, TestOptions.Topic(("max.message.bytes", $"{batch.Length - 1}"))));
    }

    [Fact]
    public void Brokers_own_batch_may_be_larger() =>
        Assert.Equal(ErrorCode.None, BatchAdmission.Check(TestBatches.Of(valueBytes: 100), TestOptions.Topic(("max.message.bytes", "10")), Wal, isInternal: true, TestBatches.TimestampMs).Error);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Batch_that_the_write_ahead_log_can_never_take_is_too_large_and_the_setting_is_named(bool isInternal)
    {
        byte[] batch = TestBatches.Of(valueBytes: 100);
        WalAppendBound bound = new(batch.Length + 48, 48, "wal.bucket.capacity.bytes");

        Assert.Equal(ErrorCode.None, BatchAdmission.Check(batch, Defaults, bound, isInternal, TestBatches.TimestampMs).Error);
        BatchVerdict refused = BatchAdmission.Check(batch, Defaults, bound with { AppendBytes = batch.Length + 47 }, isInternal, TestBatches.TimestampMs);

        Assert.Equal(ErrorCode.MessageTooLarge, refused.Error);
        Assert.Contains("wal.bucket.capacity.bytes", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Transactional_batch_is_refused() => Assert.Equal(
        ErrorCode.InvalidTxnState,
        Check(TestBatches.Of(new RecordBatchOptions { IsTransactional = true, ProducerId = 1, ProducerEpoch = 0, BaseSequence = 0 })));

    [Fact]
    public void Timestamp_too_far_ahead_is_refused_unless_the_broker_stamps()
    {
        byte[] ahead = TestBatches.Of(timestampMs: TestBatches.TimestampMs + 3_600_001);

        Assert.Equal(ErrorCode.InvalidTimestamp, Check(ahead));
        Assert.Equal(ErrorCode.None, Check(TestBatches.Of(timestampMs: TestBatches.TimestampMs + 3_600_000)));
        Assert.Equal(ErrorCode.None, Check(ahead, TestOptions.Topic(("message.timestamp.type", "LogAppendTime"))));
    }

    [Fact]
    public void Producer_id_without_a_sequence_is_an_invalid_record() =>
        Assert.Equal(ErrorCode.InvalidRecord, Check(TestBatches.Of(producerId: 1, producerEpoch: 0)));

    [Fact]
    public void Every_refusal_says_why()
    {
        string? message = BatchAdmission.Check(default, Defaults, Wal, isInternal: false, TestBatches.TimestampMs).Message;

        Assert.False(string.IsNullOrWhiteSpace(message));
    }

    private static ErrorCode Check(byte[] records, TopicConfig? config = null) =>
        BatchAdmission.Check(records, config ?? Defaults, Wal, isInternal: false, TestBatches.TimestampMs).Error;
}
