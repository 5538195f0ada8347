namespace Broker.ObjectStore.S3;

/// <summary>
/// What became of a write that failed: written, condition failed, unknown, or certainly not applied (thrown). The object that is there now is asked
/// for its write id.
/// <list type="bullet">
/// <item>412. Someone between here and the server may have sent the request twice, and the second met the object of the first: our own id means written.
/// Another's means that the condition failed.</item>
/// <item>409. Not applied, and another writer is at work: our own id means written, a condition that the present object breaks has failed, else the write
/// is to be tried again.</item>
/// <item>500, 502, 504, 503 other than SlowDown, a broken connection. Our own id means written; anything else leaves it unknown: it may be applied later,
/// or have been replaced already.</item>
/// <item>No answer in time. Unknown; the store is not asked further, for the caller has waited long enough.</item>
/// </list>
/// A write with If-Match that was sent twice, applied, and replaced by another's before this look would be called failed; no client can see the difference.
/// </summary>
internal static class S3PutSettlement
{
    /// <param name="failure">How the write failed.</param>
    /// <param name="condition">With the write id that the write carries; Empty = it has none.</param>
    /// <param name="head">Looks at the object.</param>
    /// <exception cref="StorageException">Certainly not applied.</exception>
    internal static async ValueTask<PutResult> SettleAsync(S3Failure failure, PutCondition condition, Func<ValueTask<ObjectInfo?>> head)
    {
        switch (failure.Kind)
        {
            case S3FailureKind.MayBeApplied when failure.IsTimeout || condition.WriteId == Guid.Empty:
                return PutResult.Unknown(failure.Error);
            case S3FailureKind.NoObject when condition.Kind == PutConditionKind.IfMatch:
                return PutResult.ConditionFailed;
            case S3FailureKind.NoObject:
                // Not of S3's making: something in between knows no such address.
                throw new StorageException(StorageErrorKind.Unavailable, failure.Error.Message, failure.Error);
            case S3FailureKind.ConditionFailed or S3FailureKind.Conflict or S3FailureKind.MayBeApplied or S3FailureKind.NoUpload:
                break;
            default:
                throw failure.Error;
        }

        ObjectInfo? present;
        try
        {
            present = await head().ConfigureAwait(false);
        }
        catch (StorageException)
        {
            return failure.Kind is S3FailureKind.ConditionFailed or S3FailureKind.MayBeApplied ? PutResult.Unknown(failure.Error) : throw failure.Error;
        }

        if (present?.WriteId is { } writeId && writeId == condition.WriteId)
        {
            return PutResult.Written(present.ETag);
        }

        return failure.Kind switch
        {
            // "If absent" failed and yet there is nothing: it has been deleted since, and nobody can say whose it was.
            S3FailureKind.ConditionFailed when present is null && condition.Kind == PutConditionKind.IfAbsent => PutResult.Unknown(failure.Error),
            S3FailureKind.ConditionFailed => PutResult.ConditionFailed,
            S3FailureKind.Conflict when Breaks(present, condition) => PutResult.ConditionFailed,
            S3FailureKind.MayBeApplied => PutResult.Unknown(failure.Error),
            _ => throw failure.Error,
        };
    }

    /// <summary>Whether the object that is there makes the condition fail.</summary>
    internal static bool Breaks(ObjectInfo? present, PutCondition condition) => condition.Kind switch
    {
        PutConditionKind.IfAbsent => present is not null,
        PutConditionKind.IfMatch => present is null || present.ETag != S3Requests.ToETag(condition.ETag),
        _ => false,
    };
}
