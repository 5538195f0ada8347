using Broker.Actors.Configuration;
using Broker.Actors.Partitions;
using Broker.Actors.Unit.Fakes;
using Broker.Wire;
using Broker.Wire.Compression;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.Partitions;

/// <summary>Records without a key, and compressed batches that the cleaner could not read, stay out of compacted topics.</summary>
public sealed class KeyRequirementTests
{
    private static readonly TopicConfig Compacted = TestOptions.Topic(("cleanup.policy", "compact"));

    public static TheoryData<CompressionType> Codecs => [.. Enum.GetValues<CompressionType>().Where(CompressionCodecs.IsKnown)];

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Batch_with_records_without_a_key_is_refused_and_names_them(CompressionType codec)
    {
        BatchVerdict verdict = Check(Batch(codec, "k", null, "", null));

        Assert.Equal(ErrorCode.InvalidRecord, verdict.Error);
        Assert.Equal([1, 3], verdict.Records!.Select(record => record.Index));
        Assert.All(verdict.Records!, record => Assert.Contains("no key", record.Message, StringComparison.Ordinal));
        Assert.Contains("2 of 4 records", verdict.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Batch_whose_records_all_have_keys_is_taken(CompressionType codec) => Assert.Equal(BatchVerdict.Taken, Check(Batch(codec, "k", "", "l")));

    [Theory]
    [InlineData("delete", ErrorCode.None)]
    [InlineData("", ErrorCode.None)]
    [InlineData("compact,delete", ErrorCode.InvalidRecord)]
    [InlineData("delete, compact", ErrorCode.InvalidRecord)]
    public void Only_compacted_topics_ask_for_keys(string policy, ErrorCode expected) =>
        Assert.Equal(expected, BatchAdmission.Check(Batch(CompressionType.None, [null]), TestOptions.Topic(("cleanup.policy", policy)), TestOptions.Of().Storage.WalAppendBound, isInternal: false, TestBatches.TimestampMs).Error);

    [Fact]
    public void Records_beyond_a_bound_are_counted_and_not_named()
    {
        BatchVerdict verdict = Check(Batch(CompressionType.None, new string?[KeyRequirement.MaxNamedRecords + 5]));

        Assert.Equal(KeyRequirement.MaxNamedRecords, verdict.Records!.Count);
        Assert.Contains($"{KeyRequirement.MaxNamedRecords + 5} of", verdict.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void Compressed_batch_that_cannot_be_read_is_an_invalid_record(CompressionType codec)
    {
        byte[] noise = TestBatches.Resealed([.. Batch(codec, "k")[..RecordBatchView.HeaderBytes], .. Enumerable.Repeat((byte)0xEE, 40)]);
        byte[] lie = Batch(codec, "k", "l");
        lie[26] = 2;
        lie[60] = 3;

        Assert.Equal((ErrorCode.InvalidRecord, null), (Check(noise).Error, Check(noise).Records));
        Assert.Equal(ErrorCode.InvalidRecord, Check(TestBatches.Resealed(lie)).Error);
    }

    [Fact]
    public void Batch_that_expands_beyond_what_the_cleaner_takes_is_too_large()
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions { Compression = CompressionType.Zstd, MaxRecordsBytes = 200 << 20 });
        byte[] value = new byte[10 << 20];
        for (int i = 0; i < 13; i++)
        {
            builder.Append(TestBatches.TimestampMs, new byte[1], value);
        }

        byte[] batch = builder.ToArray();
        Assert.InRange(batch.Length, 1, Compacted.MaxMessageBytes);
        Assert.Equal(ErrorCode.MessageTooLarge, Check(batch).Error);
    }

    private static BatchVerdict Check(byte[] batch) => BatchAdmission.Check(batch, Compacted, TestOptions.Of().Storage.WalAppendBound, isInternal: false, TestBatches.TimestampMs);

    private static byte[] Batch(CompressionType codec, params string?[] keys)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions { Compression = codec });
        foreach (string? key in keys)
        {
            builder.Append(TestBatches.TimestampMs, key is null ? default(ReadOnlyMemory<byte>?) : System.Text.Encoding.UTF8.GetBytes(key), new byte[10]);
        }

        return builder.ToArray();
    }
}
