using System.Buffers;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace Broker.ObjectStore.S3;

/// <summary>
/// An object store in an S3 bucket: AWS's, or another server that has atomic conditional PUTs and strong consistency, as Ceph's gateway does. Thread-safe.
/// <para>Each call is one request that is sent once (where a conditional PUT's outcome is in doubt also a HEAD; of many deletions, see <see cref="S3Deletes"/>): retries, hedging and limits are the
/// decorators' (<see cref="RetryingObjectStore"/>, <see cref="HedgedObjectStore"/>, <see cref="ThrottlingObjectStore"/>).</para>
/// <para>Permissions: s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload on the keys, s3:ListBucket on the bucket (without which S3
/// answers 403 instead of 404 for what is not there) and s3:ListBucketMultipartUploads.</para>
/// </summary>
public sealed class S3ObjectStore : IObjectStore, IDisposable
{
    private readonly S3Connections _connections;
    private readonly AmazonS3Client _client;
    private readonly S3Sender _sender;
    private readonly S3Requests _requests;
    private readonly S3ObjectReader _reader;
    private readonly S3Deletes _deletes;
    private readonly IIdSource _ids;

    private S3ObjectStore(S3ObjectStoreOptions options, AWSCredentials? credentials)
    {
        _connections = new S3Connections(options);
        _client = S3Client.Create(options, _connections, credentials);
        _sender = new S3Sender(_client, options, new S3Errors(options));
        _requests = new S3Requests(options);
        _reader = new S3ObjectReader(_sender, _requests);
        _deletes = new S3Deletes(_sender, _requests);
        _ids = options.Ids;
    }

    /// <summary>Opens the store; nothing is asked of the server yet, so that a node starts without it.</summary>
    /// <exception cref="StorageException">Invalid: an option has no sense.</exception>
    public static S3ObjectStore Open(S3ObjectStoreOptions options) => Open(options, credentials: null);

    internal static S3ObjectStore Open(S3ObjectStoreOptions options, AWSCredentials? credentials)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return new S3ObjectStore(options, credentials);
    }

    /// <inheritdoc/>
    public async ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct)
    {
        PutCondition named = condition.Kind != PutConditionKind.None && condition.WriteId == Guid.Empty ? condition.WithWriteId(_ids.Next()) : condition;
        S3Answer<PutObjectResponse> answer;
        using (SequenceStream stream = new(body, BodyPace.Current))
        {
            PutObjectRequest request = _requests.Put(key, stream, body, named);
            answer = await _sender.SendBodyAsync(StoreOperation.Put, $"write '{key}'", body.Length, (client, token) => client.PutObjectAsync(request, token), ct)
                .ConfigureAwait(false);
        }

        return answer.IsFailure(out S3Failure? failure)
            ? await S3PutSettlement.SettleAsync(failure, named, () => HeadAsync(key, ct)).ConfigureAwait(false)
            : PutResult.Written(S3Requests.ToETag(answer.Response!.ETag));
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct) => _reader.GetAsync(key, range, ct);

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
        => _reader.ReadAsync(key, range, destinations, ct);

    /// <inheritdoc/>
    public async ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct)
    {
        GetObjectMetadataRequest request = _requests.Head(key);
        S3Answer<GetObjectMetadataResponse> answer = await _sender
            .SendAsync(StoreOperation.Head, $"look at '{key}'", (client, token) => client.GetObjectMetadataAsync(request, token), ct).ConfigureAwait(false);
        if (answer.Failure is not { Kind: S3FailureKind.NoObject })
        {
            return S3Requests.ToInfo(key, answer.OrThrow());
        }

        await RequireBucketAsync(ct).ConfigureAwait(false);
        return null;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken ct)
    {
        // Each page begins after the last key of the one before: the server's continuation tokens would add nothing to that.
        string? before = startAfter is null ? null : _requests.Keys.ToBucket(startAfter);
        bool isMore = true;
        while (isMore)
        {
            ListObjectsV2Request request = _requests.List(prefix, before);
            S3Answer<ListObjectsV2Response> answer = await _sender
                .SendAsync(StoreOperation.List, $"list '{prefix}'", (client, token) => client.ListObjectsV2Async(request, token), ct).ConfigureAwait(false);
            ListObjectsV2Response page = answer.OrThrow();
            foreach (S3Object listed in page.S3Objects ?? [])
            {
                if (_requests.Keys.TryFromBucket(listed.Key, out ObjectKey? key))
                {
                    yield return S3Requests.ToInfo(key.Value, listed);
                }

                before = listed.Key;
            }

            isMore = page.IsTruncated == true && page.S3Objects is { Count: > 0 };
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(ObjectKey key, CancellationToken ct)
    {
        DeleteObjectRequest request = _requests.Delete(key);
        S3Answer<DeleteObjectResponse> answer = await _sender
            .SendAsync(StoreOperation.Delete, $"delete '{key}'", (client, token) => client.DeleteObjectAsync(request, token), ct).ConfigureAwait(false);
        if (answer.Failure is { Kind: not S3FailureKind.NoObject })
        {
            throw answer.Failure.Error;
        }
    }

    /// <inheritdoc/>
    public ValueTask DeleteManyAsync(IReadOnlyList<ObjectKey> keys, CancellationToken ct) => _deletes.RunAsync(this, keys, ct);

    /// <inheritdoc/>
    public async ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct)
    {
        Guid named = writeId == Guid.Empty ? _ids.Next() : writeId;
        InitiateMultipartUploadRequest request = _requests.StartUpload(key, named);
        S3Answer<InitiateMultipartUploadResponse> answer = await _sender
            .SendAsync(StoreOperation.StartUpload, $"start an upload of '{key}'", (client, token) => client.InitiateMultipartUploadAsync(request, token), ct).ConfigureAwait(false);
        return new S3MultipartUpload(key, named, answer.OrThrow().UploadId, this, _sender, _requests);
    }

    /// <inheritdoc/>
    public async ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct)
    {
        int aborted = 0;
        await foreach ((ObjectKey key, string uploadId) in ListUploadsAsync(prefix, ct).ConfigureAwait(false))
        {
            if (abandoned(key))
            {
                await AbortUploadAsync(key, uploadId, ct).ConfigureAwait(false);
                aborted++;
            }
        }

        return aborted;
    }

    internal async ValueTask AbortUploadAsync(ObjectKey key, string uploadId, CancellationToken ct)
    {
        AbortMultipartUploadRequest request = _requests.AbortUpload(key, uploadId);
        S3Answer<AbortMultipartUploadResponse> answer = await _sender
            .SendAsync(StoreOperation.Delete, $"abort the upload of '{key}'", (client, token) => client.AbortMultipartUploadAsync(request, token), ct).ConfigureAwait(false);
        if (answer.Failure is { Kind: not (S3FailureKind.NoUpload or S3FailureKind.NoObject) })
        {
            throw answer.Failure.Error;
        }
    }

    /// <summary>Closes the connections. No call may be running.</summary>
    public void Dispose()
    {
        _client.Dispose();
        _connections.Dispose();
    }

    private async IAsyncEnumerable<(ObjectKey Key, string UploadId)> ListUploadsAsync(string prefix, [EnumeratorCancellation] CancellationToken ct)
    {
        (string? keyMarker, string? uploadIdMarker) = (null, null);
        bool isMore = true;
        while (isMore)
        {
            ListMultipartUploadsRequest request = _requests.ListUploads(prefix, keyMarker, uploadIdMarker);
            S3Answer<ListMultipartUploadsResponse> answer = await _sender
                .SendAsync(StoreOperation.List, $"list unfinished uploads of '{prefix}'", (client, token) => client.ListMultipartUploadsAsync(request, token), ct).ConfigureAwait(false);
            ListMultipartUploadsResponse page = answer.OrThrow();
            foreach (MultipartUpload upload in page.MultipartUploads ?? [])
            {
                if (_requests.Keys.TryFromBucket(upload.Key, out ObjectKey? key))
                {
                    yield return (key.Value, upload.UploadId);
                }
            }

            // Without a place to go on from there is no next page, whatever the server says.
            isMore = page.IsTruncated == true && !string.IsNullOrEmpty(page.NextKeyMarker);
            (keyMarker, uploadIdMarker) = (page.NextKeyMarker, page.NextUploadIdMarker);
        }
    }

    /// <summary>A HEAD's 404 has no body, and so does not say whether the object is missing or the bucket.</summary>
    private async ValueTask RequireBucketAsync(CancellationToken ct)
    {
        S3Answer<HeadBucketResponse> answer = await _sender
            .SendAsync(StoreOperation.Head, "find the bucket", (client, token) => client.HeadBucketAsync(_requests.HeadBucket(), token), ct).ConfigureAwait(false);
        if (answer.Failure is { Kind: S3FailureKind.NoObject })
        {
            throw new StoreDeniedException($"{answer.Failure.Error.Message}. {S3Errors.NoBucketAdvice}", answer.Failure.Error.InnerException);
        }

        answer.OrThrow();
    }
}
