namespace Broker.ObjectStore.S3;

/// <summary>What a request that did not succeed says about the object it was to change.</summary>
internal enum S3FailureKind
{
    /// <summary>Certainly not applied, and never will be.</summary>
    NotApplied,

    /// <summary>It may have been applied, or may yet be.</summary>
    MayBeApplied,

    /// <summary>412: at that moment the condition did not hold. If the request was sent twice on its way, because of itself.</summary>
    ConditionFailed,

    /// <summary>409: another write of the same object was under way. Not applied; asking again tells.</summary>
    Conflict,

    /// <summary>404, NoSuchKey: there is no object.</summary>
    NoObject,

    /// <summary>404, NoSuchUpload: completed or aborted.</summary>
    NoUpload,

    /// <summary>416: the range lies beyond the object's end.</summary>
    OutOfRange,
}

/// <summary>A failure, classified by <see cref="S3Errors"/>.</summary>
/// <param name="Kind">What is known of its effect.</param>
/// <param name="Error">What the caller is told, when it is told.</param>
/// <param name="IsTimeout">Nothing came back in time: to ask more would double the caller's wait.</param>
internal sealed record S3Failure(S3FailureKind Kind, StorageException Error, bool IsTimeout = false);
