namespace Broker.Chaos.Histories;

/// <summary>What the final log says by itself: each value was sent there, stands once, and in its producer's order.</summary>
internal static class LogCheck
{
    public static void Run(FinalLog log, IReadOnlyDictionary<RecordId, Send> sends, Findings findings)
    {
        Dictionary<int, Seen> last = [];
        long lastOffset = -1;
        foreach (Seen seen in log.Records)
        {
            if (seen.Offset <= lastOffset)
            {
                findings.Add(AnomalyKind.NonmonotonicPoll, $"the final read has offset {seen.Offset} behind {lastOffset}");
            }

            lastOffset = seen.Offset;
            if (!sends.TryGetValue(seen.Id, out Send? send) || send.Partition != findings.Partition)
            {
                findings.Add(AnomalyKind.NobodySent, $"{seen.Id} at offset {seen.Offset}, {(send is null ? "which nobody sent" : $"sent to partition {send.Partition}")}");
                continue;
            }

            if (send.Outcome == SendOutcome.Refused)
            {
                findings.Add(AnomalyKind.RefusedAndStored, $"{seen.Id} at offset {seen.Offset}, refused at {send.Completed}");
            }

            if (log.Offsets[seen.Id] != seen.Offset)
            {
                findings.Add(AnomalyKind.Duplicate, $"{seen.Id} at offsets {log.Offsets[seen.Id]} and {seen.Offset}");
            }
            else if (last.TryGetValue(seen.Id.Producer, out Seen before) && before.Id.Number > seen.Id.Number)
            {
                findings.Add(AnomalyKind.Reordering, $"{before.Id} at offset {before.Offset} stands before {seen.Id} at {seen.Offset}");
            }
            else
            {
                last[seen.Id.Producer] = seen;
            }
        }
    }
}
