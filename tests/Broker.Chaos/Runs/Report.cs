using Broker.Chaos.Faults;
using Broker.Chaos.Histories;

namespace Broker.Chaos.Runs;

/// <summary>When a fault was there: from its beginning until work went on after it.</summary>
/// <param name="Kind">Of the fault.</param>
/// <param name="Begin">Since the run's beginning.</param>
/// <param name="End">Since the run's beginning.</param>
/// <param name="Bound">How long a partition may acknowledge nothing in it.</param>
public sealed record FaultWindow(FaultKind Kind, TimeSpan Begin, TimeSpan End, TimeSpan Bound);

/// <summary>What a run says of its history in numbers.</summary>
public static class Report
{
    public static IEnumerable<string> Lines(History history, IReadOnlyList<FaultWindow> windows)
    {
        ILookup<SendOutcome, Send> sends = history.Sends.ToLookup(send => send.Outcome);
        yield return $"sends: {sends[SendOutcome.Acknowledged].Count()} acknowledged, {sends[SendOutcome.Refused].Count()} refused, {sends[SendOutcome.Unknown].Count()} unknown; "
            + $"polled: {history.Polls.Sum(poll => poll.Records.Count)}; final read: {history.Final.Values.Sum(log => log.Count)}";
        TimeSpan[][] acknowledgements = [.. Acknowledgements(history).Values];
        foreach (IGrouping<FaultKind, FaultWindow> kind in windows.GroupBy(window => window.Kind).OrderBy(kind => kind.Key))
        {
            TimeSpan longest = kind.Max(window => acknowledgements.Select(times => LongestGap(times, window)).DefaultIfEmpty().Max());
            yield return $"{kind.Key}: {kind.Count()} times, longest gap without an acknowledgement in a partition {longest.TotalSeconds:F1} s";
        }
    }

    /// <summary>The windows in which a partition acknowledged nothing for longer than it may.</summary>
    public static IEnumerable<string> TooLong(History history, IReadOnlyList<FaultWindow> windows)
    {
        Dictionary<int, TimeSpan[]> acknowledgements = Acknowledgements(history);
        return from window in windows
               from partition in acknowledgements
               let gap = LongestGap(partition.Value, window)
               where gap > window.Bound
               select $"{window.Kind} at {window.Begin:mm\\:ss\\.f}: partition {partition.Key} acknowledged nothing for {gap.TotalSeconds:F1} s, {window.Bound.TotalSeconds:F1} s are allowed";
    }

    private static Dictionary<int, TimeSpan[]> Acknowledgements(History history) => history.Sends.Where(send => send is { Outcome: SendOutcome.Acknowledged, Leader: >= 0 })
        .GroupBy(send => send.Partition).ToDictionary(partition => partition.Key, partition => partition.Select(send => send.Completed).Order().ToArray());

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
