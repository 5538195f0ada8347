using Broker.Wire.Compression;

namespace Broker.Wire.Records;

/// <summary>Checks a batch without decompressing it.</summary>
public static class RecordBatchValidator
{
    /// <summary>
    /// Checks what holds of every batch, wherever it comes from: length, magic, checksum, codec, count and delta. A
    /// compacted batch may hold fewer records than its offsets span, even none.
    /// </summary>
    /// <param name="batch">Exactly one batch.</param>
    public static BatchError Validate(ReadOnlySpan<byte> batch)
    {
        if (batch.Length > BatchLayout.Magic && batch[BatchLayout.Magic] != BatchLayout.CurrentMagic)
        {
            return batch[BatchLayout.Magic] < BatchLayout.CurrentMagic ? BatchError.OldMagic : BatchError.UnknownMagic;
        }

        if (batch.Length < RecordBatchView.HeaderBytes)
        {
            return BatchError.TooSmall;
        }

        RecordBatchView view = new(batch);
        if (view.SizeInBytes != batch.Length)
        {
            return BatchError.BadLength;
        }

        if (!view.IsCrcValid)
        {
            return BatchError.BadCrc;
        }

        if (!CompressionCodecs.IsKnown(view.Compression))
        {
            return BatchError.UnknownCodec;
        }

        if (view.RecordCount < 0)
        {
            return BatchError.BadCount;
        }

        bool spans = view.LastOffsetDelta >= 0 && view.RecordCount <= (long)view.LastOffsetDelta + 1;
        return spans ? BatchError.None : BatchError.BadDelta;
    }

    /// <summary>
    /// Checks what a broker asks of a batch that a client sends: <see cref="Validate"/>, and that it holds as many records
    /// as its offsets span, counted from 0, is no control batch, bears the client's timestamps, and has a sequence when it
    /// has a producer id. Records that are not compressed are walked through: they must be as many as stated, numbered from
    /// 0 without gaps, and end where the batch does. Of compressed ones the checksum alone answers for what is inside.
    /// </summary>
    /// <inheritdoc cref="Validate" path="/param"/>
    public static BatchError ValidateFromProducer(ReadOnlySpan<byte> batch)
    {
        BatchError error = Validate(batch);
        if (error != BatchError.None)
        {
            return error;
        }

        RecordBatchView view = new(batch);
        error = CheckClaims(view);
        if (error != BatchError.None)
        {
            return error;
        }

        return view.Compression != CompressionType.None || RecordWalk.IsWhole(batch[BatchLayout.Records..], view.RecordCount)
            ? BatchError.None
            : BatchError.BadRecords;
    }

    /// <summary>
    /// Checks the records of a batch that <see cref="ValidateFromProducer"/> has let pass once they are decompressed, as it
    /// checks those that need not be.
    /// </summary>
    /// <param name="records">All of them, as <see cref="RecordUnpacker.Unpack"/> gives them.</param>
    /// <param name="count">As many as the batch states.</param>
    public static BatchError ValidateUnpacked(ReadOnlySpan<byte> records, int count) =>
        RecordWalk.IsWhole(records, count) ? BatchError.None : BatchError.BadRecords;

    private static BatchError CheckClaims(in RecordBatchView view)
    {
        if (view.RecordCount == 0)
        {
            return BatchError.BadCount;
        }

        if (view.BaseOffset != 0)
        {
            return BatchError.BadBaseOffset;
        }

        if (view.RecordCount != (long)view.LastOffsetDelta + 1)
        {
            return BatchError.BadDelta;
        }

        if (view.IsControl)
        {
            return BatchError.ControlFromProducer;
        }

        if (view.TimestampType != TimestampType.CreateTime)
        {
            return BatchError.BadTimestampType;
        }

        bool sequenced = !view.HasProducerId || (view.BaseSequence >= 0 && view.ProducerEpoch >= 0);
        return sequenced ? BatchError.None : BatchError.BadSequence;
    }
}
