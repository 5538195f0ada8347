namespace Broker.Wire.Records;

/// <summary>Who set the timestamps of a batch.</summary>
public enum TimestampType
{
    /// <summary>The producer, for each record.</summary>
    CreateTime = 0,

    /// <summary>The broker, one for the whole batch.</summary>
    LogAppendTime = 1,
}
