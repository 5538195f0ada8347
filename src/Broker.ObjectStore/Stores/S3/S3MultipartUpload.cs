using System.Buffers;
using Amazon.S3.Model;

namespace Broker.ObjectStore.S3;

/// <summary>
/// A multipart upload. Thread-safe.
/// <para>Conditions of the completion are sent, and the object is looked at before: Ceph's gateway (16) ignores them on completions. There, and only there,
/// another's write between the look and the completion is overwritten; what must be atomic is written by <see cref="S3ObjectStore.PutAsync"/>.</para>
/// </summary>
internal sealed class S3MultipartUpload(
    ObjectKey key, Guid writeId, string uploadId, S3ObjectStore store, S3Sender sender, S3Requests requests) : IMultipartUpload
{
    private readonly SortedDictionary<int, (string ETag, long SizeBytes)> _parts = [];
    private bool _ended;

    public async ValueTask UploadPartAsync(int number, ReadOnlySequence<byte> body, CancellationToken ct)
    {
        if (number is < 1 or > IMultipartUpload.MaxPartNumber)
        {
            throw Invalid($"part {number}: numbers go from 1 to {IMultipartUpload.MaxPartNumber}");
        }

        RequireOpen();
        using SequenceStream stream = new(body);
        UploadPartRequest request = requests.UploadPart(key, uploadId, number, stream, body);
        S3Answer<UploadPartResponse> answer = await sender
            .SendBodyAsync(StoreOperation.UploadPart, $"write part {number} of '{key}'", body.Length, (client, token) => client.UploadPartAsync(request, token), ct).ConfigureAwait(false);
        string etag = answer.OrThrow().ETag;
        lock (_parts)
        {
            _parts[number] = (etag, body.Length);
        }
    }

    public async ValueTask<PutResult> CompleteAsync(PutCondition condition, CancellationToken ct)
    {
        PutCondition named = condition.WithWriteId(writeId);
        List<PartETag> parts = CheckedParts();
        if (named.Kind != PutConditionKind.None)
        {
            ObjectInfo? present = await store.HeadAsync(key, ct).ConfigureAwait(false);
            if (S3PutSettlement.Breaks(present, named))
            {
                return present?.WriteId == writeId ? End(PutResult.Written(present.ETag)) : PutResult.ConditionFailed;
            }
        }

        CompleteMultipartUploadRequest request = requests.CompleteUpload(key, uploadId, parts, named);
        S3Answer<CompleteMultipartUploadResponse> answer = await sender
            .SendBodyAsync(StoreOperation.CompleteUpload, $"complete '{key}'", bytes: 0, (client, token) => client.CompleteMultipartUploadAsync(request, token), ct).ConfigureAwait(false);
        PutResult result = answer.IsFailure(out S3Failure? failure)
            ? await S3PutSettlement.SettleAsync(failure, named, () => store.HeadAsync(key, ct)).ConfigureAwait(false)
            : PutResult.Written(S3Requests.ToETag(answer.Response!.ETag));
        return result.Outcome == PutOutcome.Written ? End(result) : result;
    }

    public async ValueTask AbortAsync(CancellationToken ct)
    {
        lock (_parts)
        {
            if (_ended)
            {
                return;
            }

            _ended = true;
        }

        await store.AbortUploadAsync(key, uploadId, ct).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await AbortAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (StorageException)
        {
            // As far as the store can be reached; what is left is aborted as abandoned later.
        }
    }

    private PutResult End(PutResult result)
    {
        lock (_parts)
        {
            _ended = true;
        }

        return result;
    }

    private void RequireOpen()
    {
        lock (_parts)
        {
            if (_ended)
            {
                throw Invalid("the upload is completed or aborted already");
            }
        }
    }

    private List<PartETag> CheckedParts()
    {
        lock (_parts)
        {
            RequireOpen();
            if (_parts.Count == 0)
            {
                throw Invalid("the upload has no parts");
            }

            foreach ((int number, (_, long sizeBytes)) in _parts.SkipLast(1))
            {
                if (sizeBytes < IMultipartUpload.MinPartBytes)
                {
                    throw Invalid($"part {number} has {sizeBytes} bytes; all but the last need {IMultipartUpload.MinPartBytes}");
                }
            }

            return [.. _parts.Select(part => new PartETag(part.Key, part.Value.ETag))];
        }
    }

    private StorageException Invalid(string fault) => new(StorageErrorKind.Invalid, $"multipart upload of '{key}': {fault}");
}
