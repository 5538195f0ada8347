using Broker.ObjectStore;
using Broker.ObjectStore.S3;

namespace Broker.Actors.Configuration;

/// <summary>Where objects go: <c>object.store</c> and the <c>s3.*</c> settings. Exactly one of the two is not null.</summary>
/// <param name="Folder"><c>file:PATH</c>, or nothing: the folder of the embedded store.</param>
/// <param name="Bucket"><c>s3://BUCKET/PREFIX</c>: the bucket, and how it is asked.</param>
public sealed record ObjectStoreOptions(string? Folder, S3ObjectStoreOptions? Bucket)
{
    private const string FileScheme = "file:";
    private const string S3Scheme = "s3://";

    /// <summary>The store in the words of <c>object.store</c>, for people.</summary>
    public string Description => Bucket is { } s3 ? $"{S3Scheme}{s3.Bucket}/{s3.Prefix}".TrimEnd('/') : FileScheme + Folder;

    /// <exception cref="SettingsException">A setting names something that cannot be.</exception>
    public static ObjectStoreOptions From(BrokerSettings settings, string dataFolder) => settings.Text("object.store") switch
    {
        null => new ObjectStoreOptions(Path.Combine(dataFolder, "objects"), null),
        { } file when file.StartsWith(FileScheme, StringComparison.Ordinal) && file.Length > FileScheme.Length
            => new ObjectStoreOptions(Path.GetFullPath(file[FileScheme.Length..]), null),
        { } s3 when s3.StartsWith(S3Scheme, StringComparison.Ordinal) && s3.Length > S3Scheme.Length
            => new ObjectStoreOptions(null, BucketOf(settings, s3[S3Scheme.Length..])),
        _ => throw settings.BadValue("object.store", "file:PATH or s3://BUCKET/PREFIX"),
    };

    private static S3ObjectStoreOptions BucketOf(BrokerSettings settings, string place)
    {
        int slash = place.IndexOf('/', StringComparison.Ordinal);
        S3ObjectStoreOptions options = new(slash < 0 ? place : place[..slash])
        {
            Prefix = slash < 0 ? "" : place[(slash + 1)..].TrimEnd('/'),
            Endpoint = EndpointOf(settings),
            Region = settings.Text("s3.region")!,
            UsePathStyle = settings.Boolean("s3.path.style"),
            ServerSideEncryption = settings.Text("s3.sse"),
            KmsKeyId = settings.Text("s3.sse.kms.key"),
            StorageClass = settings.Text("s3.storage.class"),
            MaxConnections = settings.Int("s3.connections"),
        };
        if (S3StorageClasses.Problem(options.StorageClass, isAws: options.Endpoint is null) is { } allowed)
        {
            throw settings.BadValue("s3.storage.class", allowed);
        }

        try
        {
            options.Validate();
            return options;
        }
        catch (StorageException cause)
        {
            throw new SettingsException([$"bad value for 'object.store' or an s3.* setting: {cause.Message}"]);
        }
    }

    private static Uri? EndpointOf(BrokerSettings settings)
    {
        string? endpoint = settings.Text("s3.endpoint");
        return endpoint is null ? null
            : Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https" ? address
            : throw settings.BadValue("s3.endpoint", "an http or https address");
    }
}
