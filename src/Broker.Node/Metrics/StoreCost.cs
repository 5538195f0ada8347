using Broker.Node.Management;
using Broker.ObjectStore;

namespace Broker.Node.Metrics;

/// <summary>What requests of one kind for one purpose cost.</summary>
/// <param name="Failed">Those that ended with an error, a condition that did not hold, or an unknown outcome.</param>
/// <param name="Per">What the rates are for a GB of: <c>fetched</c> for reads, <c>produced</c> for all else.</param>
/// <param name="RequestsPerGb">Null where no such byte has been yet.</param>
/// <param name="DollarsPerGb">Null where no such byte has been yet.</param>
public sealed record StoreCostLine(
    string Purpose, string Operation, long Requests, long Bytes, long Failed, decimal Dollars, string Per, decimal? RequestsPerGb, decimal? DollarsPerGb);

/// <summary>
/// What a node's requests to its object store cost, by list prices. Every request that was sent counts, also those that failed and that a store may not
/// charge for: it is an upper bound. A GB of records is 10^9 bytes, a month 30 days.
/// </summary>
/// <param name="Lines">By purpose and kind.</param>
/// <param name="Requests">All of them.</param>
/// <param name="Dollars">For all requests.</param>
/// <param name="DollarsPerGbProduced">For all requests but those that read for clients; null while nothing was produced.</param>
/// <param name="DollarsPerGbFetched">For requests that read for clients; null while nothing was fetched.</param>
/// <param name="DollarsPerMonth">For requests, if they went on as they did on average so far; null while that is too short to tell.</param>
/// <param name="StorageDollarsPerMonth">For what is stored now, if it stays that much.</param>
public sealed record StoreCost(
    StoreUsage Usage,
    StorePrices Prices,
    IReadOnlyList<StoreCostLine> Lines,
    long Requests,
    decimal Dollars,
    decimal? DollarsPerGbProduced,
    decimal? DollarsPerGbFetched,
    decimal? DollarsPerMonth,
    decimal StorageDollarsPerMonth)
{
    private const decimal GbBytes = 1e9m;
    private const decimal BilledGbBytes = 1L << 30;

    // Below that a start's requests are most of them, and what they say of a month is nonsense.
    private static readonly TimeSpan ShortestToExtrapolate = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    /// <summary>How long the counts go back.</summary>
    public TimeSpan Counted => Usage.Now - Usage.CountingSince;

    /// <exception cref="ArgumentException">A kind of request has no price.</exception>
    public static StoreCost Of(StoreUsage usage, StorePrices prices)
    {
        StoreCostLine[] lines =
        [
            .. usage.Requests.Select(one => LineOf(one, usage, prices))
                .OrderBy(line => line.Purpose, StringComparer.Ordinal).ThenBy(line => line.Operation, StringComparer.Ordinal),
        ];
        decimal reads = lines.Where(line => line.Purpose == StorePurpose.Read).Sum(line => line.Dollars);
        decimal all = lines.Sum(line => line.Dollars);
        TimeSpan counted = usage.Now - usage.CountingSince;
        return new StoreCost(
            usage,
            prices,
            lines,
            lines.Sum(line => line.Requests),
            all,
            PerGb(all - reads, usage.ProducedBytes),
            PerGb(reads, usage.FetchedBytes),
            counted >= ShortestToExtrapolate ? all * (decimal)(Month / counted) : null,
            usage.ObjectBytes / BilledGbBytes * prices.PerGbMonth);
    }

    private static StoreCostLine LineOf(StoreRequests one, StoreUsage usage, StorePrices prices)
    {
        bool isRead = one.Purpose == StorePurpose.Read;
        long bytes = isRead ? usage.FetchedBytes : usage.ProducedBytes;
        decimal dollars = prices.Of(one.Operation, one.Requests);
        return new StoreCostLine(
            one.Purpose,
            one.Operation,
            one.Requests,
            one.Bytes,
            one.Errors.Values.Sum() + one.ConditionsFailed + one.Unknown,
            dollars,
            isRead ? "fetched" : "produced",
            PerGb(one.Requests, bytes),
            PerGb(dollars, bytes));
    }

    private static decimal? PerGb(decimal amount, long bytes) => bytes > 0 ? amount * GbBytes / bytes : null;
}
