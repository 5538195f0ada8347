namespace Broker.ObjectStore.S3;

/// <summary>
/// Where an <see cref="S3ObjectStore"/> keeps its objects and how it asks for them. Credentials are no option: they come from the SDK's
/// default chain (environment, profile, web identity, container or instance role).
/// </summary>
/// <param name="Bucket">The bucket's name. It must exist; the store does not make it.</param>
public sealed record S3ObjectStoreOptions(string Bucket)
{
    /// <summary>What keys begin with in the bucket, without the '/' that follows it; "" = the bucket is the store's own.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>The server's address when it is not AWS's for the region: http or https.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The region that requests are signed for. us-east-1: what servers other than AWS's expect when they have no regions.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Bucket in the path instead of the host name: for servers without wildcard DNS (Ceph, MinIO). AWS wants host names.</summary>
    public bool UsePathStyle { get; init; }

    /// <summary>"AES256" or "aws:kms"; null = what the bucket does by default (AWS: AES256).</summary>
    public string? ServerSideEncryption { get; init; }

    /// <summary>The KMS key for "aws:kms"; null = the account's own for S3.</summary>
    public string? KmsKeyId { get; init; }

    /// <summary>Such as "INTELLIGENT_TIERING"; null = the bucket's default. Classes that must be restored before they can be read do not do.</summary>
    public string? StorageClass { get; init; }

    /// <summary>
    /// Connections to the server at most; requests beyond wait. 64: at S3's 30 ms it carries 2,000 requests a second, and at its 80 MB/s a connection
    /// more than a network card does.
    /// </summary>
    public int MaxConnections { get; init; } = 64;

    /// <summary>For TCP to connect. 3 s: two lost SYNs (Linux sends them again after 1 and 2 s); within a region it takes a millisecond.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// From sending a request without a body to the first byte of its answer. 5 s: fifty times S3's p50 and beyond its p99.9, so that what exceeds
    /// it is stuck; trying again is cheap for these requests.
    /// </summary>
    public TimeSpan FirstByteTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// For a whole request, beside the time for its bytes (<see cref="MinBytesPerSecond"/>). 15 s: a PUT that is given up has an unknown outcome,
    /// which is dear, so it is given up only when an answer is no longer likely: far beyond S3's p99.9, and before clients of the broker give up (30 s).
    /// </summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The same for a PUT of at most <see cref="SmallPutBytes"/>. 5 s, as for requests without a body: acknowledgements wait for these (the write-ahead log, the metadata), and who makes them
    /// finds out what became of one by a look and another PUT, so that one that got stuck costs 5 s and not 15.
    /// </summary>
    public TimeSpan SmallPutTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>1 MiB: what S3 takes in tens of milliseconds.</summary>
    public long SmallPutBytes { get; init; } = 1024 * 1024;

    /// <summary>
    /// The deadline of a request grows by its bytes at this rate, in bytes per second. 1 MiB/s: a connection that is slower than a hundredth of
    /// S3's usual rate is given up.
    /// </summary>
    public long MinBytesPerSecond { get; init; } = 1024 * 1024;

    /// <summary>
    /// How long an unused connection is kept. 10 s: servers close idle ones some time (Ceph after 65 s), and a request that meets the closing has an
    /// unknown outcome. A busy node reuses its connections far sooner.
    /// </summary>
    public TimeSpan IdleConnectionTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long any connection is used. 5 min: S3's addresses change by DNS, and load spreads only over new connections.</summary>
    public TimeSpan ConnectionLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Deadlines run by this clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Names conditional PUTs that come without a write id, so that their outcome can be found out.</summary>
    public IIdSource Ids { get; init; } = new SystemIdSource();

    /// <summary>Where every request is counted, also those that this store makes of its own to settle an outcome, and each page of a listing.</summary>
    public StoreMetrics Metrics { get; init; } = new();

    /// <summary>The server and bucket, for messages.</summary>
    internal string Location => $"bucket '{Bucket}' at {Endpoint?.ToString() ?? $"AWS {Region}"}";

    /// <exception cref="StorageException">Invalid: an option has no sense; the message names it.</exception>
    public void Validate()
    {
        Require(Bucket is { Length: >= 3 and <= 63 } && !Bucket.Contains('/'), $"bucket '{Bucket}': a name has 3 to 63 characters and no '/'");
        Require(Prefix.Length == 0 || ObjectKey.IsValid(Prefix), $"prefix '{Prefix}': it is not the beginning of a key");
        Require(Endpoint is null or { IsAbsoluteUri: true, Scheme: "http" or "https" }, $"endpoint '{Endpoint}': an http or https address is needed");
        Require(Region.Length > 0, "region: it is needed for signatures");
        Require(ServerSideEncryption is null or "AES256" or "aws:kms", $"server-side encryption '{ServerSideEncryption}': AES256 or aws:kms");
        Require(KmsKeyId is null || ServerSideEncryption == "aws:kms", "a KMS key without server-side encryption aws:kms");
        Require(S3StorageClasses.Problem(StorageClass, isAws: Endpoint is null) is null, $"storage class '{StorageClass}': its objects cannot be read at once");
        Require(MaxConnections >= 1, "at least one connection is needed");
        Require(MinBytesPerSecond >= 1, "the least rate is 1 byte per second");
        foreach (TimeSpan time in new[] { ConnectTimeout, FirstByteTimeout, RequestTimeout, SmallPutTimeout, IdleConnectionTimeout, ConnectionLifetime })
        {
            Require(time > TimeSpan.Zero && time < TimeSpan.FromDays(1), $"{time} is no time-out");
        }
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new StorageException(StorageErrorKind.Invalid, $"S3 object store: {otherwise}");
        }
    }
}
