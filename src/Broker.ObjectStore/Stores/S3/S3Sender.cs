using System.Diagnostics.CodeAnalysis;
using Amazon.Runtime;
using Amazon.S3;

namespace Broker.ObjectStore.S3;

/// <summary>A response, or why there is none.</summary>
internal readonly record struct S3Answer<T>(T? Response, S3Failure? Failure)
    where T : class
{
    /// <exception cref="StorageException">The failure's.</exception>
    internal T OrThrow() => Response ?? throw Failure!.Error;

    internal bool IsFailure([NotNullWhen(true)] out S3Failure? failure)
    {
        failure = Failure;
        return failure is not null;
    }
}

/// <summary>
/// Sends requests of the SDK, off the caller's thread, counts each, and classifies what goes wrong. Nothing of the SDK's errors gets beyond.
/// </summary>
internal sealed class S3Sender(AmazonS3Client client, S3ObjectStoreOptions options, S3Errors errors)
{
    internal S3Errors Errors => errors;

    /// <summary>A deadline for a request without a body, until its answer begins.</summary>
    internal S3Deadline FirstByteDeadline(CancellationToken ct) => new(options.FirstByteTimeout, options.Time, ct);

    /// <summary>How long a request may take that moves so many bytes.</summary>
    internal TimeSpan TimeoutOf(long bytes) => options.RequestTimeout + TimeOf(bytes);

    /// <summary>A small request, whose answer is small too.</summary>
    internal async ValueTask<S3Answer<T>> SendAsync<T>(
        StoreOperation operation, string what, Func<AmazonS3Client, CancellationToken, Task<T>> request, CancellationToken ct)
        where T : AmazonWebServiceResponse
    {
        using S3Deadline deadline = FirstByteDeadline(ct);
        return await SendAsync(operation, what, request, deadline).ConfigureAwait(false);
    }

    /// <summary>A request that sends so many bytes: it has no answer before they have arrived.</summary>
    internal async ValueTask<S3Answer<T>> SendBodyAsync<T>(
        StoreOperation operation, string what, long bytes, Func<AmazonS3Client, CancellationToken, Task<T>> request, CancellationToken ct)
        where T : AmazonWebServiceResponse
    {
        bool isSmallPut = operation == StoreOperation.Put && bytes <= options.SmallPutBytes;
        using S3Deadline deadline = new(isSmallPut ? options.SmallPutTimeout + TimeOf(bytes) : TimeoutOf(bytes), options.Time, ct);
        Moved(operation, bytes);
        return await SendAsync(operation, what, request, deadline).ConfigureAwait(false);
    }

    private TimeSpan TimeOf(long bytes) => TimeSpan.FromSeconds((double)bytes / options.MinBytesPerSecond);

    internal async ValueTask<S3Answer<T>> SendAsync<T>(
        StoreOperation operation, string what, Func<AmazonS3Client, CancellationToken, Task<T>> request, S3Deadline deadline)
        where T : AmazonWebServiceResponse
    {
        deadline.ThrowIfUnwanted();
        StoreMetrics.Counter counter = options.Metrics.Of(operation, StorePurpose.Current);
        counter.Request();
        // Signing, and hashing the body, take up to milliseconds of CPU: they do not belong to the thread of an actor's turn.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            return new S3Answer<T>(await request(client, deadline.Token).ConfigureAwait(false), null);
        }
        catch (Exception error)
        {
            S3Failure failure = errors.Classify(error, what, deadline);
            Count(counter, failure);
            return new S3Answer<T>(null, operation is StoreOperation.Put or StoreOperation.StartUpload ? errors.OfNewObject(failure) : failure);
        }
    }

    /// <summary>So many bytes of bodies were sent or received.</summary>
    internal void Moved(StoreOperation operation, long bytes) => options.Metrics.Of(operation, StorePurpose.Current).Bytes(bytes);

    // That there is no object is an answer, not an error.
    private static void Count(StoreMetrics.Counter counter, S3Failure failure)
    {
        switch (failure.Kind)
        {
            case S3FailureKind.ConditionFailed:
                counter.Outcome(PutOutcome.ConditionFailed);
                break;
            case S3FailureKind.MayBeApplied:
                counter.Outcome(PutOutcome.Unknown);
                break;
            case S3FailureKind.NoObject:
                break;
            default:
                counter.Error(failure.Error.Kind);
                break;
        }
    }
}
