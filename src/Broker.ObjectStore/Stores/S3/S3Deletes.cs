using Amazon.S3;
using Amazon.S3.Model;

namespace Broker.ObjectStore.S3;

/// <summary>
/// Deletes many objects by few requests (DeleteObjects). Some servers lack it, or want a checksum that the SDK does not send: with those, and where one
/// object of a request is refused, each is deleted by a request of its own, whose error says why. Thread-safe.
/// </summary>
internal sealed class S3Deletes(S3Sender sender, S3Requests requests)
{
    /// <summary>S3 takes a thousand. A server may delete one after the other, at milliseconds each, and must answer before the request's deadline.</summary>
    internal const int KeysPerRequest = 100;

    private volatile bool _isUnknown;

    /// <exception cref="StorageException">Any of them may be left.</exception>
    public async ValueTask RunAsync(IObjectStore singly, IReadOnlyList<ObjectKey> keys, CancellationToken ct)
    {
        foreach (ObjectKey[] some in keys.Chunk(KeysPerRequest))
        {
            IReadOnlyList<ObjectKey> left = _isUnknown || some.Length == 1 ? some : await TogetherAsync(some, ct).ConfigureAwait(false);
            await SingleDeletes.RunAsync(singly, left, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Those that were not deleted, or of which it is not clear.</summary>
    private async ValueTask<IReadOnlyList<ObjectKey>> TogetherAsync(ObjectKey[] keys, CancellationToken ct)
    {
        DeleteObjectsRequest request = requests.DeleteMany(keys);
        S3Answer<DeleteObjectsResponse> answer = await sender.SendAsync(
            StoreOperation.Delete, $"delete '{keys[0]}' and {keys.Length - 1} more", (client, token) => client.DeleteObjectsAsync(request, token), ct).ConfigureAwait(false);
        if (!answer.IsFailure(out S3Failure? failure))
        {
            return [];
        }

        if (failure.Error.InnerException is DeleteObjectsException { Response.DeleteErrors: { } refused })
        {
            HashSet<string?> names = [.. refused.Select(error => error.Key)];
            ObjectKey[] left = [.. keys.Where(key => names.Contains(requests.Keys.ToBucket(key)))];
            return left.Length == names.Count ? left : keys;
        }

        _isUnknown = failure.Error.Kind == StorageErrorKind.Invalid || failure.Kind == S3FailureKind.NoObject;
        return _isUnknown ? keys : throw failure.Error;
    }
}
