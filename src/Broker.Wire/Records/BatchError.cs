namespace Broker.Wire.Records;

/// <summary>What is wrong with a record batch.</summary>
public enum BatchError
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Fewer bytes than a batch's header has.</summary>
    TooSmall,

    /// <summary>The stated length is less than a header, or not the number of bytes given.</summary>
    BadLength,

    /// <summary>A message set of magic 0 or 1, which Kafka no longer takes.</summary>
    OldMagic,

    /// <summary>A format that there is not, or not yet.</summary>
    UnknownMagic,

    /// <summary>The checksum does not fit the contents.</summary>
    BadCrc,

    /// <summary>The codec's number is not one of Kafka's.</summary>
    UnknownCodec,

    /// <summary>The number of records is negative, or (from a producer) zero.</summary>
    BadCount,

    /// <summary>The last offset delta is negative, or does not fit the number of records.</summary>
    BadDelta,

    /// <summary>A producer id without a sequence number or epoch.</summary>
    BadSequence,

    /// <summary>A control batch, which clients may not write.</summary>
    ControlFromProducer,

    /// <summary>Timestamps of the broker's making, which clients may not write.</summary>
    BadTimestampType,

    /// <summary>A first offset other than 0: it is the broker that numbers records.</summary>
    BadBaseOffset,

    /// <summary>The records are not as many as stated, not numbered from 0 on, or not records.</summary>
    BadRecords,
}

/// <summary>What a producer is told.</summary>
public static class BatchErrors
{
    /// <summary>The code that a produce response carries for <paramref name="error"/>.</summary>
    public static ErrorCode ToErrorCode(this BatchError error) => error switch
    {
        BatchError.None => ErrorCode.None,
        BatchError.TooSmall or BatchError.BadLength or BatchError.BadCrc or BatchError.UnknownMagic => ErrorCode.CorruptMessage,
        BatchError.UnknownCodec => ErrorCode.UnsupportedCompressionType,
        BatchError.BadTimestampType => ErrorCode.InvalidTimestamp,
        _ => ErrorCode.InvalidRecord,
    };
}
