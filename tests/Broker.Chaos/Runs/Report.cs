using Broker.Chaos.Faults;
using Broker.Chaos.Histories;

namespace Broker.Chaos.Runs;

/// <summary>When a fault was there: from its beginning until work went on after it.</summary>
public sealed record FaultWindow(FaultKind Kind, TimeSpan Begin, TimeSpan End);

/// <summary>What a run says of its history in numbers.</summary>
public static class Report
{
    public static IEnumerable<string> Lines(History history, IReadOnlyList<FaultWindow> windows)
    {
        ILookup<SendOutcome, Send> sends = history.Sends.ToLookup(send => send.Outcome);
        yield return $"sends: {sends[SendOutcome.Acknowledged].Count()} acknowledged, {sends[SendOutcome.Refused].Count()} refused, {sends[SendOutcome.Unknown].Count()} unknown; "
            + $"polled: {history.Polls.Sum(poll => poll.Records.Count)}; final read: {history.Final.Values.Sum(log => log.Count)}";
        TimeSpan[][] acknowledgements = [.. history.Sends.Where(send => send is { Outcome: SendOutcome.Acknowledged, Leader: >= 0 })
            .GroupBy(send => send.Partition).Select(partition => partition.Select(send => send.Completed).Order().ToArray())];
        foreach (IGrouping<FaultKind, FaultWindow> kind in windows.GroupBy(window => window.Kind).OrderBy(kind => kind.Key))
        {
            TimeSpan longest = kind.Max(window => acknowledgements.Select(times => LongestGap(times, window)).DefaultIfEmpty().Max());
            yield return $"{kind.Key}: {kind.Count()} times, longest gap without an acknowledgement in a partition {longest.TotalSeconds:F1} s";
        }
    }

    /// <summary>The longest time between two acknowledgements of which some lies in the window.</summary>
    public static TimeSpan LongestGap(IReadOnlyList<TimeSpan> sorted, FaultWindow window)
    {
        TimeSpan longest = TimeSpan.Zero;
        for (int i = 1; i < sorted.Count; i++)
        {
            if (sorted[i] > window.Begin && sorted[i - 1] < window.End && sorted[i] - sorted[i - 1] > longest)
            {
                longest = sorted[i] - sorted[i - 1];
            }
        }

        return longest;
    }
}
