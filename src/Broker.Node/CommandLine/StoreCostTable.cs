using System.Globalization;
using System.Text;
using Broker.Node.Management;
using Broker.Node.Metrics;

namespace Broker.Node.CommandLine;

/// <summary>A <see cref="StoreCost"/> for people.</summary>
public static class StoreCostTable
{
    private const string NotYet = "-";

    /// <summary>The whole text, some lines.</summary>
    public static string Of(StoreCost cost)
    {
        StringBuilder text = new();
        StoreUsage usage = cost.Usage;
        Line($"object store  {usage.Store}");
        Line($"counted       by node {usage.NodeId} since {usage.CountingSince:yyyy-MM-dd HH:mm:ss} UTC, for {Duration(cost.Counted)}");
        Line($"produced      {usage.ProducedBytes / 1e9:N3} GB in {usage.ProducedRecords:N0} records");
        Line($"fetched       {usage.FetchedBytes / 1e9:N3} GB in {usage.FetchedRecords:N0} records");
        Line($"stored        {usage.ObjectBytes / 1e9:N3} GB in {usage.Objects:N0} objects");
        Line($"");
        Line($"{"purpose",-10} {"operation",-15} {"requests",12} {"MB",12} {"failed",8} {"dollars",12} {"requests/GB",12} {"dollars/GB",12}  of what was");
        foreach (StoreCostLine line in cost.Lines)
        {
            Line($"{line.Purpose,-10} {line.Operation,-15} {line.Requests,12:N0} {line.Bytes / 1e6,12:N1} {line.Failed,8:N0} {line.Dollars,12:F6} {Rate(line.RequestsPerGb, "N1"),12} {Rate(line.DollarsPerGb, "F6"),12}  {line.Per}");
        }

        Line($"{"total",-26} {cost.Requests,12:N0} {cost.Lines.Sum(line => line.Bytes) / 1e6,12:N1} {cost.Lines.Sum(line => line.Failed),8:N0} {cost.Dollars,12:F6}");
        Line($"");
        Line($"{(cost.DollarsPerGbProduced is { } written ? $"{written:F6} dollars per GB produced, for all requests but reads" : "nothing was produced yet: no figures per GB produced")}");
        Line($"{(cost.DollarsPerGbFetched is { } read ? $"{read:F6} dollars per GB fetched, for reads" : "nothing was fetched yet: no figures per GB fetched")}");
        Line($"{(cost.DollarsPerMonth is { } month ? $"{month:F2} dollars per month for requests, if they go on as they did so far" : "counted for too short a time to say anything of a month")}");
        Line($"{cost.StorageDollarsPerMonth:F2} dollars per month for storage, if it stays that much");
        Line($"at {cost.Prices.Per1000Puts} dollars per 1000 PUT and LIST, {cost.Prices.Per1000Gets} per 1000 GET and HEAD, {cost.Prices.PerGbMonth} per GB and month");
        return text.ToString();

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture).TrimEnd());
    }

    private static string Rate(decimal? rate, string format) => rate?.ToString(format, CultureInfo.InvariantCulture) ?? NotYet;

    private static string Duration(TimeSpan time) => time < TimeSpan.FromMinutes(1)
        ? $"{(int)time.TotalSeconds} s"
        : time < TimeSpan.FromDays(2) ? $"{(int)time.TotalHours} h {time.Minutes} min" : $"{(int)time.TotalDays} days";
}
