using System.Diagnostics.CodeAnalysis;
using Broker.Actors.Cleaning;
using Broker.Wire;
using Broker.Wire.Compression;
using Broker.Wire.Records;

namespace Broker.Actors.Partitions;

/// <summary>
/// Every record of a compacted topic has a key; a batch with one that has none is refused as a whole, and its records
/// without a key are named. This is the one place where a producer's batch is decompressed: what passes, the cleaner reads.
/// </summary>
internal static class KeyRequirement
{
    /// <summary>Records that are named one by one: as many as fit a producer's default batch of 16 KiB, and an answer that stays small against its request.</summary>
    public const int MaxNamedRecords = 1000;

    /// <summary>Whether a batch that is right otherwise may go to a compacted topic.</summary>
    public static BatchVerdict Check(ReadOnlySpan<byte> batch)
    {
        RecordBatchView view = new(batch);
        using RecordUnpacker unpacker = new(CleaningLimits.MaxRecordsBytes);
        if (!TryUnpack(unpacker, batch, out ReadOnlySpan<byte> records, out BatchVerdict? refusal))
        {
            return refusal.Value;
        }

        if (view.Compression != CompressionType.None && RecordBatchValidator.ValidateUnpacked(records, view.RecordCount) is not BatchError.None and var shape)
        {
            return new BatchVerdict(shape.ToErrorCode(), $"the compressed record batch is not valid: {shape}");
        }

        int count = 0;
        List<RecordError>? named = null;
        foreach (RecordSlice record in new RecordSlices(view, records))
        {
            if (!record.HasKey && ++count <= MaxNamedRecords)
            {
                (named ??= []).Add(new RecordError(record.OffsetDelta, "the record has no key, and the topic is compacted"));
            }
        }

        return named is null
            ? BatchVerdict.Taken
            : new BatchVerdict(ErrorCode.InvalidRecord, $"{count} of {view.RecordCount} records have no key, and the topic is compacted: none is taken", named);
    }

    private static bool TryUnpack(RecordUnpacker unpacker, ReadOnlySpan<byte> batch, out ReadOnlySpan<byte> records, [NotNullWhen(false)] out BatchVerdict? refusal)
    {
        records = default;
        refusal = null;
        try
        {
            records = unpacker.Unpack(batch);
            return true;
        }
        catch (DecompressionLimitException cause)
        {
            refusal = new BatchVerdict(ErrorCode.MessageTooLarge, cause.Message);
        }
        catch (CodecUnavailableException cause)
        {
            refusal = new BatchVerdict(ErrorCode.UnsupportedCompressionType, cause.Message);
        }
        catch (MalformedMessageException cause)
        {
            refusal = new BatchVerdict(ErrorCode.InvalidRecord, cause.Message);
        }

        return false;
    }
}
