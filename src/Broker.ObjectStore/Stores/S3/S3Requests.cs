using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;

namespace Broker.ObjectStore.S3;

/// <summary>
/// The SDK's requests for the store's calls.
/// <para>Integrity of bodies on their way. PUTs carry x-amz-checksum-crc32c, which AWS enforces and others ignore: 0.1 s of CPU per GB. Over http the SDK signs the
/// body by SHA-256 as well, enforced by all servers: 0.6 s per GB with SHA instructions; it allows no less there. Over https TLS does that work,
/// so the body is not signed (UNSIGNED-PAYLOAD). Content-MD5, at 1.2 s per GB, is only for parts of multipart uploads, where a CRC needs AWS's protocol for it.</para>
/// <para>Etags are sent without quotes: Ceph compares them with the quotes and fails always, AWS takes both.</para>
/// </summary>
internal sealed class S3Requests(S3ObjectStoreOptions options)
{
    /// <summary>Sent as x-amz-meta-write-id, 32 hexadecimal digits.</summary>
    private const string WriteIdName = "write-id";

    private readonly S3KeyMap _keys = new(options.Prefix);
    private readonly bool _leaveUnsigned = options.Endpoint is null or { Scheme: "https" };

    internal S3KeyMap Keys => _keys;

    internal PutObjectRequest Put(ObjectKey key, SequenceStream stream, in ReadOnlySequence<byte> body, PutCondition condition)
    {
        PutObjectRequest request = new()
        {
            BucketName = options.Bucket,
            Key = _keys.ToBucket(key),
            InputStream = stream,
            AutoCloseStream = false,
            UseChunkEncoding = false,
            DisablePayloadSigning = _leaveUnsigned ? true : null,
            ChecksumCRC32C = Checksum(body),
            ServerSideEncryptionMethod = Encryption,
            ServerSideEncryptionKeyManagementServiceKeyId = options.KmsKeyId,
            StorageClass = Class,
            IfNoneMatch = condition.Kind == PutConditionKind.IfAbsent ? "*" : null,
            IfMatch = condition.Kind == PutConditionKind.IfMatch ? ToETag(condition.ETag) : null,
        };
        request.Headers.ContentLength = body.Length;
        SetWriteId(request.Metadata, condition.WriteId);
        return request;
    }

    /// <summary>
    /// All bytes are asked for as "from 0 on": the SDK computes an MD5 of whole objects, at 2 s of CPU per GB, but not of ranges. An empty object
    /// answers that by 416.
    /// </summary>
    internal GetObjectRequest Get(ObjectKey key, ByteRange range) => new()
    {
        BucketName = options.Bucket,
        Key = _keys.ToBucket(key),
        ByteRange = new Amazon.S3.Model.ByteRange(range.ToHttpHeader() ?? "bytes=0-"),
    };

    internal GetObjectMetadataRequest Head(ObjectKey key) => new() { BucketName = options.Bucket, Key = _keys.ToBucket(key) };

    internal HeadBucketRequest HeadBucket() => new() { BucketName = options.Bucket };

    internal ListObjectsV2Request List(string prefix, string? bucketKeyBefore) => new()
    {
        BucketName = options.Bucket,
        Prefix = _keys.ToBucket(prefix),
        StartAfter = bucketKeyBefore,
    };

    internal DeleteObjectRequest Delete(ObjectKey key) => new() { BucketName = options.Bucket, Key = _keys.ToBucket(key) };

    internal DeleteObjectsRequest DeleteMany(IEnumerable<ObjectKey> keys) => new()
    {
        BucketName = options.Bucket,
        Objects = [.. keys.Select(key => new KeyVersion { Key = _keys.ToBucket(key) })],
        Quiet = true,
    };

    internal InitiateMultipartUploadRequest StartUpload(ObjectKey key, Guid writeId)
    {
        InitiateMultipartUploadRequest request = new()
        {
            BucketName = options.Bucket,
            Key = _keys.ToBucket(key),
            ServerSideEncryptionMethod = Encryption,
            ServerSideEncryptionKeyManagementServiceKeyId = options.KmsKeyId,
            StorageClass = Class,
        };
        SetWriteId(request.Metadata, writeId);
        return request;
    }

    internal UploadPartRequest UploadPart(ObjectKey key, string uploadId, int number, SequenceStream stream, in ReadOnlySequence<byte> body) => new()
    {
        BucketName = options.Bucket,
        Key = _keys.ToBucket(key),
        UploadId = uploadId,
        PartNumber = number,
        InputStream = stream,
        PartSize = body.Length,
        MD5Digest = Md5(body),
        UseChunkEncoding = false,
        DisablePayloadSigning = _leaveUnsigned ? true : null,
    };

    internal CompleteMultipartUploadRequest CompleteUpload(ObjectKey key, string uploadId, IEnumerable<PartETag> parts, PutCondition condition) => new()
    {
        BucketName = options.Bucket,
        Key = _keys.ToBucket(key),
        UploadId = uploadId,
        PartETags = [.. parts],
        IfNoneMatch = condition.Kind == PutConditionKind.IfAbsent ? "*" : null,
        IfMatch = condition.Kind == PutConditionKind.IfMatch ? ToETag(condition.ETag) : null,
    };

    internal AbortMultipartUploadRequest AbortUpload(ObjectKey key, string uploadId) => new()
    {
        BucketName = options.Bucket,
        Key = _keys.ToBucket(key),
        UploadId = uploadId,
    };

    internal ListMultipartUploadsRequest ListUploads(string prefix, string? keyMarker, string? uploadIdMarker) => new()
    {
        BucketName = options.Bucket,
        Prefix = _keys.ToBucket(prefix),
        KeyMarker = keyMarker,
        UploadIdMarker = uploadIdMarker,
    };

    internal static ObjectInfo ToInfo(ObjectKey key, GetObjectMetadataResponse response) => new(
        key,
        response.ContentLength,
        ToETag(response.ETag),
        ToTime(response.LastModified),
        Guid.TryParseExact(response.Metadata[WriteIdName], "N", out Guid writeId) ? writeId : null);

    internal static ObjectInfo ToInfo(ObjectKey key, S3Object listed)
        => new(key, listed.Size ?? 0, ToETag(listed.ETag), ToTime(listed.LastModified), WriteId: null);

    /// <summary>As this store shows etags: without quotes.</summary>
    internal static string ToETag(string? etag) => etag?.Trim('"') ?? "";

    private ServerSideEncryptionMethod? Encryption
        => options.ServerSideEncryption is null ? null : new ServerSideEncryptionMethod(options.ServerSideEncryption);

    private S3StorageClass? Class => options.StorageClass is null ? null : new S3StorageClass(options.StorageClass);

    private static DateTimeOffset ToTime(DateTime? time)
        => time is null ? default : new DateTimeOffset(time.Value.ToUniversalTime(), TimeSpan.Zero);

    private static void SetWriteId(MetadataCollection metadata, Guid writeId)
    {
        if (writeId != Guid.Empty)
        {
            metadata[WriteIdName] = writeId.ToString("N", CultureInfo.InvariantCulture);
        }
    }

    private static string Checksum(in ReadOnlySequence<byte> body)
    {
        byte[] bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Crc32C.Append(0, body));
        return Convert.ToBase64String(bytes);
    }

    private static string Md5(in ReadOnlySequence<byte> body)
    {
        using IncrementalHash md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        foreach (ReadOnlyMemory<byte> segment in body)
        {
            md5.AppendData(segment.Span);
        }

        return Convert.ToBase64String(md5.GetHashAndReset());
    }
}
