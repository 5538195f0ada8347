using System.Net;
using Amazon.Runtime;

namespace Broker.ObjectStore.S3;

/// <summary>
/// What the SDK's exceptions mean: the one place that knows. Sources: "Error responses" and "Conditional writes" of the Amazon S3 guides, and what
/// Ceph's gateway answers.
/// <para>Whatever an operator can set right from outside (missing bucket, denied access, expired credentials, clock) is Unavailable: a running
/// node rides it out. The message names the bucket and says what to do. Invalid is only what the same request can never get.</para>
/// </summary>
internal sealed class S3Errors(S3ObjectStoreOptions options)
{
    /// <param name="error">What the SDK threw.</param>
    /// <param name="what">What was tried, such as "write 'key'".</param>
    /// <param name="deadline">The request's.</param>
    /// <exception cref="OperationCanceledException">The caller wanted the request no more.</exception>
    internal S3Failure Classify(Exception error, string what, S3Deadline deadline)
    {
        // A real answer counts even if the deadline passed meanwhile.
        if (error is AmazonServiceException { StatusCode: not 0 } answer)
        {
            return OfAnswer(answer, what);
        }

        if (WasNotSent(error) is { } cause)
        {
            string advice = cause is S3CredentialsException
                ? "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role"
                : "the server cannot be reached: check endpoint, network and DNS";
            return Failure(S3FailureKind.NotApplied, Message(what, $"{advice} ({cause.Message})"), error);
        }

        deadline.ThrowIfUnwanted();
        return deadline.HasPassed
            ? Failure(S3FailureKind.MayBeApplied, Message(what, $"no answer within {deadline.Timeout.TotalSeconds:0.###} s"), error) with { IsTimeout = true }
            : Failure(S3FailureKind.MayBeApplied, Message(what, $"the connection broke or the answer was damaged ({error.Message})"), error);
    }

    /// <summary>
    /// A refusal for good of a request that makes an object: with the settings that it carried and no other request does, since servers say only that an argument is invalid.
    /// </summary>
    internal S3Failure OfNewObject(S3Failure failure)
    {
        string[] sent = [.. new[] { ("s3.sse", options.ServerSideEncryption), ("s3.sse.kms.key", options.KmsKeyId), ("s3.storage.class", options.StorageClass) }
            .Where(setting => setting.Item2 is not null).Select(setting => $"{setting.Item1}={setting.Item2}")];
        return sent.Length > 0 && failure is { Kind: S3FailureKind.NotApplied, Error.Kind: StorageErrorKind.Invalid }
            ? failure with { Error = new StorageException(StorageErrorKind.Invalid, $"{failure.Error.Message}. The server may not know what was sent with it: {string.Join(", ", sent)}", failure.Error) }
            : failure;
    }

    /// <summary>What to do when there is no such bucket.</summary>
    internal const string NoBucketAdvice = "Make the bucket, or set the name of one that exists (object.store)";

    /// <summary>A response whose body was not what its head promised.</summary>
    internal StorageException Damaged(string what, string how) => new(StorageErrorKind.Unavailable, Message(what, how));

    private S3Failure OfAnswer(AmazonServiceException answer, string what)
    {
        string code = answer.ErrorCode ?? "";
        string said = Message(what, $"{(int)answer.StatusCode} {code} {answer.Message}".TrimEnd());
        switch (answer.StatusCode)
        {
            case HttpStatusCode.PreconditionFailed:
                return Failure(S3FailureKind.ConditionFailed, said, answer);
            case HttpStatusCode.Conflict:
                return Failure(S3FailureKind.Conflict, said, answer);
            case HttpStatusCode.RequestedRangeNotSatisfiable:
                return new S3Failure(S3FailureKind.OutOfRange, new StorageException(StorageErrorKind.Invalid, said, answer));
            case HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized:
                return Denied($"{said}. Check the credentials, their permissions on the bucket, and this machine's clock", answer);
            case HttpStatusCode.NotFound:
                return OfNotFound(answer, code, said);
            case HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect:
                return Denied($"{said}. The bucket is elsewhere: set its region and endpoint (s3.region, s3.endpoint)", answer);
            case HttpStatusCode.TooManyRequests:
            case HttpStatusCode.ServiceUnavailable when code == "SlowDown":
                return new S3Failure(S3FailureKind.NotApplied, new StoreThrottledException(said, answer));
            case HttpStatusCode.ServiceUnavailable:
                return new S3Failure(S3FailureKind.MayBeApplied, new StoreThrottledException(said, answer));
            case HttpStatusCode.NotImplemented:
                return new S3Failure(S3FailureKind.NotApplied, new StorageException(StorageErrorKind.Invalid, $"{said}. The server lacks what the store needs", answer));
            case HttpStatusCode.BadRequest when !IsPassing(code):
            case HttpStatusCode.MethodNotAllowed or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.RequestUriTooLong:
                return new S3Failure(S3FailureKind.NotApplied, new StorageException(StorageErrorKind.Invalid, said, answer));
            case >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError:
                return Failure(S3FailureKind.NotApplied, said, answer);
            default:
                // 5xx of S3 and of proxies before it; 200 with an error for a body, which completions of uploads can have.
                return Failure(S3FailureKind.MayBeApplied, said, answer);
        }
    }

    // A HEAD's 404 has no body, and so no code. That it comes from the store, not from a proxy whose servers are away, its request id says.
    private static S3Failure OfNotFound(AmazonServiceException answer, string code, string said) => code switch
    {
        "NoSuchBucket" => Denied($"{said}. {NoBucketAdvice}", answer),
        "NoSuchUpload" => new S3Failure(S3FailureKind.NoUpload, new StorageException(StorageErrorKind.NotFound, said, answer)),
        "NoSuchKey" => NoObject(said, answer),
        _ when !string.IsNullOrEmpty(answer.RequestId) => NoObject(said, answer),
        _ => Failure(S3FailureKind.MayBeApplied, $"{said}. This is no answer of an S3 server: check the endpoint, and what lies before it", answer),
    };

    private static S3Failure NoObject(string said, AmazonServiceException answer) =>
        new(S3FailureKind.NoObject, new StorageException(StorageErrorKind.NotFound, said, answer));

    /// <summary>400s that the same request need not get again: the body was damaged or late on its way, or credentials have expired.</summary>
    private static bool IsPassing(string code) => code is "RequestTimeout" or "BadDigest" or "XAmzContentSHA256Mismatch" or "IncompleteBody"
        or "InvalidDigest" or "ExpiredToken" or "TokenRefreshRequired" or "InvalidToken" or "AuthorizationHeaderMalformed" or "XAmzContentChecksumMismatch";

    /// <summary>The error that shows that nothing left this machine for the server, if there is one.</summary>
    private static Exception? WasNotSent(Exception error)
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is S3CredentialsException
                or HttpRequestException
                {
                    HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                        or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError
                })
            {
                return cause;
            }
        }

        return null;
    }

    private static S3Failure Denied(string message, Exception inner) => new(S3FailureKind.NotApplied, new StoreDeniedException(message, inner));

    private static S3Failure Failure(S3FailureKind kind, string message, Exception inner)
        => new(kind, new StorageException(StorageErrorKind.Unavailable, message, inner));

    private string Message(string what, string how) => $"cannot {what} in {options.Location}: {how}";
}
