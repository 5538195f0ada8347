namespace Broker.ObjectStore;

/// <summary>What is known about a PUT.</summary>
public enum PutOutcome
{
    /// <summary>The object was written, is durable and visible to everyone.</summary>
    Written,

    /// <summary>Not written, and it never will be: the condition did not hold (S3: 412).</summary>
    ConditionFailed,

    /// <summary>
    /// It may have been written, or may still be (a time-out, a broken connection). Only looking at the object tells, by its
    /// write id; and "not there yet" is no proof that it will not appear.
    /// </summary>
    Unknown,
}

/// <summary>A PUT's outcome; the etag when it was written.</summary>
public readonly record struct PutResult
{
    private PutResult(PutOutcome outcome, string? etag, Exception? cause)
    {
        Outcome = outcome;
        ETag = etag;
        Cause = cause;
    }

    public static PutResult ConditionFailed => new(PutOutcome.ConditionFailed, null, null);

    public PutOutcome Outcome { get; }

    /// <summary>The written object's etag; null unless <see cref="Outcome"/> is <see cref="PutOutcome.Written"/>.</summary>
    public string? ETag { get; }

    /// <summary>Why the outcome is unknown, for logs; else null.</summary>
    public Exception? Cause { get; }

    public static PutResult Written(string etag) => new(PutOutcome.Written, etag, null);

    public static PutResult Unknown(Exception? cause) => new(PutOutcome.Unknown, null, cause);
}
