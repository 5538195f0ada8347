namespace Broker.Node.Metrics;

/// <summary>What an object store charges, in dollars. Traffic is not in it: within a region it costs nothing.</summary>
/// <param name="Per1000Puts">For a thousand PUT, COPY, POST and LIST requests; each part of a multipart upload, its start and its completion are such.</param>
/// <param name="Per1000Gets">For a thousand GET and HEAD requests.</param>
/// <param name="PerGbMonth">For a GB (2^30 bytes, as it is billed) stored for a month.</param>
public sealed record StorePrices(decimal Per1000Puts, decimal Per1000Gets, decimal PerGbMonth)
{
    /// <summary>S3 Standard in us-east-1, as listed.</summary>
    public static StorePrices S3Standard { get; } = new(0.005m, 0.0004m, 0.023m);

    /// <summary>The price of requests of a kind, named as in <see cref="Management.StoreRequests.Operation"/>. Deletions are free.</summary>
    /// <exception cref="ArgumentException">No such kind.</exception>
    public decimal Of(string operation, long requests) => operation switch
    {
        "put" or "list" or "start_upload" or "upload_part" or "complete_upload" => requests * Per1000Puts / 1000,
        "get" or "head" => requests * Per1000Gets / 1000,
        "delete" => 0,
        _ => throw new ArgumentException($"'{operation}' is no kind of request that has a price", nameof(operation)),
    };
}
