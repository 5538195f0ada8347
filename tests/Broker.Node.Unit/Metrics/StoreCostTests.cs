using Broker.Node.CommandLine;
using Broker.Node.Management;
using Broker.Node.Metrics;

namespace Broker.Node.Unit.Metrics;

/// <summary>The arithmetic of what requests cost, and its table.</summary>
public sealed class StoreCostTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Costs_are_requests_by_list_price_and_rates_are_per_gb_produced_or_fetched()
    {
        StoreCost cost = StoreCost.Of(
            Usage(produced: 2_000_000_000, fetched: 4_000_000_000, [Requests("put", "wal", 534), Requests("get", "read", 376), Requests("list", "metadata", 10)]),
            StorePrices.S3Standard);

        StoreCostLine wal = Assert.Single(cost.Lines, line => line.Purpose == "wal");
        Assert.Equal((0.00267m, "produced", 267m, 0.001335m), (wal.Dollars, wal.Per, wal.RequestsPerGb, wal.DollarsPerGb));
        StoreCostLine read = Assert.Single(cost.Lines, line => line.Purpose == "read");
        Assert.Equal((0.0001504m, "fetched", 94m, 0.0000376m), (read.Dollars, read.Per, read.RequestsPerGb, read.DollarsPerGb));
        Assert.Equal(920, cost.Requests);
        Assert.Equal(0.00267m + 0.0001504m + 0.00005m, cost.Dollars);
        Assert.Equal((0.00267m + 0.00005m) / 2, cost.DollarsPerGbProduced);
        Assert.Equal(0.0000376m, cost.DollarsPerGbFetched);
    }

    [Theory]
    [InlineData("put", "0.007")]
    [InlineData("list", "0.007")]
    [InlineData("start_upload", "0.007")]
    [InlineData("upload_part", "0.007")]
    [InlineData("complete_upload", "0.007")]
    [InlineData("get", "0.0003")]
    [InlineData("head", "0.0003")]
    [InlineData("delete", "0")]
    public void Each_kind_of_request_has_the_price_of_its_class(string operation, string dollars) =>
        Assert.Equal(decimal.Parse(dollars, System.Globalization.CultureInfo.InvariantCulture), new StorePrices(0.007m, 0.0003m, 0).Of(operation, 1000));

    [Fact]
    public void A_kind_of_request_without_a_price_is_an_error_and_not_free() =>
        Assert.Throws<ArgumentException>(() => StorePrices.S3Standard.Of("teleport", 1));

    [Fact]
    public void Every_kind_of_request_that_is_counted_has_a_price() => Assert.All(
        Enum.GetNames<ObjectStore.StoreOperation>(),
        name => Assert.True(StorePrices.S3Standard.Of(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(name), 1) >= 0));

    [Fact]
    public void Without_records_there_are_no_rates_and_the_table_says_so()
    {
        StoreCost cost = StoreCost.Of(Usage(produced: 0, fetched: 0, [Requests("put", "metadata", 3), Requests("get", "read", 1)]), StorePrices.S3Standard);

        Assert.Null(cost.DollarsPerGbProduced);
        Assert.Null(cost.DollarsPerGbFetched);
        Assert.All(cost.Lines, line => Assert.Null(line.RequestsPerGb));
        string table = StoreCostTable.Of(cost);
        Assert.Contains("nothing was produced yet", table, StringComparison.Ordinal);
        Assert.Contains("nothing was fetched yet", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Dollars_per_month_are_those_so_far_over_their_time_and_unknown_after_less_than_a_minute()
    {
        StoreUsage usage = Usage(produced: 1, fetched: 0, [Requests("put", "wal", 72_000)]);

        StoreCost anHour = StoreCost.Of(usage with { Now = Noon.AddHours(1) }, StorePrices.S3Standard);
        StoreCost aMoment = StoreCost.Of(usage with { Now = Noon.AddSeconds(59) }, StorePrices.S3Standard);

        // 20 PUTs a second without rest.
        Assert.Equal(259.2m, anHour.DollarsPerMonth);
        Assert.Null(aMoment.DollarsPerMonth);
        Assert.Contains("259.20 dollars per month", StoreCostTable.Of(anHour), StringComparison.Ordinal);
        Assert.Contains("too short a time", StoreCostTable.Of(aMoment), StringComparison.Ordinal);
    }

    [Fact]
    public void Storage_is_billed_by_gb_of_two_to_the_thirtieth() => Assert.Equal(
        0.046m, StoreCost.Of(Usage(0, 0, []) with { ObjectBytes = 2L << 30 }, StorePrices.S3Standard).StorageDollarsPerMonth);

    [Fact]
    public void Failures_are_errors_conditions_that_did_not_hold_and_unknown_outcomes()
    {
        StoreRequests failed = Requests("put", "wal", 10) with { ConditionsFailed = 1, Unknown = 2, Errors = new Dictionary<string, long> { ["unavailable"] = 3, ["invalid"] = 1 } };

        Assert.Equal(7, StoreCost.Of(Usage(1, 1, [failed]), StorePrices.S3Standard).Lines[0].Failed);
    }

    private static StoreRequests Requests(string operation, string purpose, long count) => new(operation, purpose, count, count * 1000, 0, 0, new Dictionary<string, long>());

    private static StoreUsage Usage(long produced, long fetched, IReadOnlyList<StoreRequests> requests) =>
        new("s3://bucket", 1, Noon, Noon.AddMinutes(5), produced, produced / 1000, fetched, fetched / 1000, 0, 0, requests);
}
