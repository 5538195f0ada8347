namespace Broker.ObjectStore;

/// <summary>The few kinds of storage error. Callers decide by kind; the message is for people.</summary>
public enum StorageErrorKind
{
    /// <summary>The storage cannot serve now (outage, time-out, throttling, disk full). Retrying later may help.</summary>
    Unavailable,

    /// <summary>A newer owner exists. Retrying never helps; the caller stops acting as owner.</summary>
    Fenced,

    /// <summary>The named object, slot or position does not exist (any more).</summary>
    NotFound,

    /// <summary>Stored bytes are not what was written: bad magic, checksum or structure. Nothing was changed.</summary>
    Corrupt,

    /// <summary>The request makes no sense (bad key, range out of bounds) or the data is of a newer version than this build reads.</summary>
    Invalid,
}
