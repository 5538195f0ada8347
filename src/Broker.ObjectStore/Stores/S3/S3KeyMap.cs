using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Broker.ObjectStore.S3;

/// <summary>The store's keys as keys of the bucket: behind the prefix and a '/'.</summary>
internal sealed class S3KeyMap(string prefix)
{
    private readonly string _lead = prefix.Length == 0 ? "" : prefix + "/";

    /// <exception cref="StorageException">Invalid: with the prefix the key is longer than S3 allows.</exception>
    internal string ToBucket(ObjectKey key)
    {
        string bucketKey = _lead + key.Value;
        int bytes = Encoding.UTF8.GetByteCount(bucketKey);
        return bytes <= ObjectKey.MaxBytes
            ? bucketKey
            : throw new StorageException(
                StorageErrorKind.Invalid, $"object key '{bucketKey}': {bytes} UTF-8 bytes with the store's prefix; at most {ObjectKey.MaxBytes} are allowed");
    }

    /// <summary>A beginning of keys, or the place after which a listing goes on; need not be a key itself.</summary>
    internal string ToBucket(string start) => _lead + start;

    /// <summary>False for what this store cannot have written, such as the "folder/" objects that consoles make.</summary>
    internal bool TryFromBucket(string? bucketKey, [NotNullWhen(true)] out ObjectKey? key)
    {
        key = bucketKey is not null && bucketKey.StartsWith(_lead, StringComparison.Ordinal) && ObjectKey.IsValid(bucketKey[_lead.Length..])
            ? new ObjectKey(bucketKey[_lead.Length..])
            : null;
        return key is not null;
    }
}
