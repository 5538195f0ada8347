namespace Broker.Chaos.Histories;

/// <summary>Whoever tells of an offset tells the same of it: acknowledgements, polls and the final read.</summary>
internal static class OffsetCheck
{
    public static void Run(IReadOnlyList<Send> sends, IReadOnlyList<Poll> polls, FinalLog log, Findings findings)
    {
        Dictionary<long, (RecordId Id, string Source)> byOffset = [];
        Dictionary<RecordId, (long Offset, string Source)> byId = [];

        // What is in the final log twice is a duplicate, and no inconsistency for those who saw either.
        HashSet<Seen> final = [.. log.Records];

        void Claim(Seen seen, Func<string> source)
        {
            if (!byOffset.TryGetValue(seen.Offset, out var other))
            {
                byOffset.Add(seen.Offset, (seen.Id, source()));
            }
            else if (other.Id != seen.Id)
            {
                findings.Add(AnomalyKind.InconsistentOffset, $"offset {seen.Offset} has {other.Id} by {other.Source}, {seen.Id} by {source()}");
                return;
            }

            if (!byId.TryGetValue(seen.Id, out var place))
            {
                byId.Add(seen.Id, (seen.Offset, source()));
            }
            else if (place.Offset != seen.Offset && !final.Contains(seen))
            {
                findings.Add(AnomalyKind.InconsistentOffset, $"{seen.Id} has offset {place.Offset} by {place.Source}, {seen.Offset} by {source()}");
            }
        }

        foreach (Seen seen in log.Records)
        {
            Claim(seen, () => "the final read");
        }

        foreach (Send send in sends.Where(send => send is { Outcome: SendOutcome.Acknowledged, Offset: >= 0 }))
        {
            Claim(new Seen(send.Offset, send.Id), () => $"its acknowledgement at {send.Completed} by node {send.Leader}");
        }

        HashSet<Seen> told = [];
        foreach (Poll poll in polls)
        {
            foreach (Seen seen in poll.Records.Where(seen => !final.Contains(seen) && told.Add(seen)))
            {
                Claim(seen, () => $"consumer {poll.Consumer} at {poll.Time}");
            }
        }
    }
}
