using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.S3;
using Broker.ObjectStore.S3;
using Broker.TestSupport.Simulation;

namespace Broker.ObjectStore.Unit.Stores.S3;

public sealed class S3ErrorsTests
{
    private static readonly S3ObjectStoreOptions Options = new("records") { Region = "eu-central-1" };

    private readonly SteppedTime _time = new();

    [Theory]
    [InlineData(412, "PreconditionFailed", nameof(S3FailureKind.ConditionFailed), StorageErrorKind.Unavailable)]
    [InlineData(409, "ConditionalRequestConflict", nameof(S3FailureKind.Conflict), StorageErrorKind.Unavailable)]
    [InlineData(404, "NoSuchKey", nameof(S3FailureKind.NoObject), StorageErrorKind.NotFound)]
    [InlineData(404, "NotFound", nameof(S3FailureKind.NoObject), StorageErrorKind.NotFound)]
    [InlineData(404, "", nameof(S3FailureKind.NoObject), StorageErrorKind.NotFound)]
    [InlineData(404, "NoSuchUpload", nameof(S3FailureKind.NoUpload), StorageErrorKind.NotFound)]
    [InlineData(404, "NoSuchBucket", nameof(S3FailureKind.NotApplied), StorageErrorKind.Unavailable)]
    [InlineData(416, "InvalidRange", nameof(S3FailureKind.OutOfRange), StorageErrorKind.Invalid)]
    [InlineData(403, "AccessDenied", nameof(S3FailureKind.NotApplied), StorageErrorKind.Unavailable)]
    [InlineData(403, "RequestTimeTooSkewed", nameof(S3FailureKind.NotApplied), StorageErrorKind.Unavailable)]
    [InlineData(400, "ExpiredToken", nameof(S3FailureKind.NotApplied), StorageErrorKind.Unavailable)]
    [InlineData(400, "RequestTimeout", nameof(S3FailureKind.NotApplied), StorageErrorKind.Unavailable)]
    [InlineData(400, "BadDigest", nameof(S3FailureKind.NotApplied), StorageErrorKind.Unavailable)]
    [InlineData(400, "InvalidArgument", nameof(S3FailureKind.NotApplied), StorageErrorKind.Invalid)]
    [InlineData(301, "PermanentRedirect", nameof(S3FailureKind.NotApplied), StorageErrorKind.Unavailable)]
    [InlineData(429, "TooManyRequests", nameof(S3FailureKind.NotApplied), StorageErrorKind.Unavailable)]
    [InlineData(503, "SlowDown", nameof(S3FailureKind.NotApplied), StorageErrorKind.Unavailable)]
    [InlineData(503, "ServiceUnavailable", nameof(S3FailureKind.MayBeApplied), StorageErrorKind.Unavailable)]
    [InlineData(500, "InternalError", nameof(S3FailureKind.MayBeApplied), StorageErrorKind.Unavailable)]
    [InlineData(502, "BadGateway", nameof(S3FailureKind.MayBeApplied), StorageErrorKind.Unavailable)]
    [InlineData(501, "NotImplemented", nameof(S3FailureKind.NotApplied), StorageErrorKind.Invalid)]
    [InlineData(200, "InternalError", nameof(S3FailureKind.MayBeApplied), StorageErrorKind.Unavailable)]
    public void Answers_are_classified_by_their_status_and_code(int status, string code, string kind, StorageErrorKind error)
    {
        S3Failure failure = Classify(new AmazonS3Exception("said", ErrorType.Unknown, code, "request", (HttpStatusCode)status));
        Assert.Equal((kind, error), (failure.Kind.ToString(), failure.Error.Kind));
        Assert.Equal(status is 429 or 503, failure.Error is StoreThrottledException);
        Assert.Contains("'records' at AWS eu-central-1", failure.Error.Message, StringComparison.Ordinal);
        Assert.Contains("write 'k'", failure.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("NotFound")]
    public void Page_of_a_proxy_without_servers_is_no_word_of_the_store_that_an_object_is_missing(string code)
    {
        S3Failure failure = Classify(new AmazonS3Exception("<html>", ErrorType.Unknown, code, requestId: null, HttpStatusCode.NotFound));
        Assert.Equal((S3FailureKind.MayBeApplied, StorageErrorKind.Unavailable), (failure.Kind, failure.Error.Kind));
    }

    [Theory]
    [InlineData(HttpRequestError.ConnectionError, true)]
    [InlineData(HttpRequestError.NameResolutionError, true)]
    [InlineData(HttpRequestError.SecureConnectionError, true)]
    [InlineData(HttpRequestError.ResponseEnded, false)]
    [InlineData(HttpRequestError.Unknown, false)]
    public void A_broken_connection_leaves_it_open_what_happened_and_none_does_not(HttpRequestError error, bool isCertain)
    {
        Exception thrown = new AmazonClientException("wrapped", new HttpRequestException(error, "broken", new SocketException()));
        Assert.Equal(isCertain ? S3FailureKind.NotApplied : S3FailureKind.MayBeApplied, Classify(thrown).Kind);
    }

    [Fact]
    public void What_the_caller_cancels_is_no_error_of_the_store_and_what_takes_too_long_is()
    {
        using CancellationTokenSource caller = new();
        using S3Deadline deadline = new(TimeSpan.FromSeconds(5), _time, caller.Token);
        S3Errors errors = new(Options);
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.True(deadline.Token.IsCancellationRequested);
        S3Failure failure = errors.Classify(new TaskCanceledException(), "write 'k'", deadline);
        Assert.Equal((S3FailureKind.MayBeApplied, true), (failure.Kind, failure.IsTimeout));

        caller.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => errors.Classify(new TaskCanceledException(), "write 'k'", deadline));
    }

    [Fact]
    public void Refusal_of_a_new_object_names_the_settings_that_were_sent_with_it()
    {
        S3Errors errors = new(Options with { Endpoint = new Uri("http://ceph"), ServerSideEncryption = "AES256", StorageClass = "COLD" });
        S3Failure refused = Classify(new AmazonS3Exception("said", ErrorType.Unknown, "InvalidArgument", "request", HttpStatusCode.BadRequest));
        S3Failure away = Classify(new AmazonS3Exception("said", ErrorType.Unknown, "SlowDown", "request", HttpStatusCode.ServiceUnavailable));

        Assert.EndsWith("s3.sse=AES256, s3.storage.class=COLD", errors.OfNewObject(refused).Error.Message, StringComparison.Ordinal);
        Assert.Equal(StorageErrorKind.Invalid, errors.OfNewObject(refused).Error.Kind);
        Assert.Same(away, errors.OfNewObject(away));
        Assert.Same(refused, new S3Errors(Options).OfNewObject(refused));
    }

    [Fact]
    public void A_deadline_starts_anew_with_each_phase()
    {
        using S3Deadline deadline = new(TimeSpan.FromSeconds(5), _time, default);
        _time.Advance(TimeSpan.FromSeconds(4));
        deadline.Restart(TimeSpan.FromSeconds(15));
        _time.Advance(TimeSpan.FromSeconds(14));
        Assert.False(deadline.HasPassed);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(deadline.HasPassed);
    }

    [Fact]
    public void Options_without_sense_are_refused_by_name()
    {
        foreach ((S3ObjectStoreOptions options, string says) in new[]
        {
            (Options with { Bucket = "a/b" }, "bucket"), (Options with { Prefix = "/a" }, "prefix"), (Options with { Endpoint = new Uri("ftp://x") }, "endpoint"),
            (Options with { ServerSideEncryption = "rot13" }, "encryption"), (Options with { KmsKeyId = "key" }, "KMS"), (Options with { MaxConnections = 0 }, "connection"),
            (Options with { RequestTimeout = TimeSpan.Zero }, "time-out"), (Options with { MinBytesPerSecond = 0 }, "rate"), (Options with { Region = "" }, "region"), (Options with { StorageClass = "GLACIER" }, "storage class"),
        })
        {
            StorageException error = Assert.Throws<StorageException>(() => S3ObjectStore.Open(options));
            Assert.Equal(StorageErrorKind.Invalid, error.Kind);
            Assert.Contains(says, error.Message, StringComparison.Ordinal);
        }
    }

    private S3Failure Classify(Exception error)
    {
        using S3Deadline deadline = new(TimeSpan.FromSeconds(5), _time, default);
        return new S3Errors(Options).Classify(error, "write 'k'", deadline);
    }
}
