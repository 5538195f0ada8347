namespace Broker.Chaos.Histories;

/// <summary>What consumers may rely on: they go forward, past nothing, get everything in the end, and nothing that does not stay.</summary>
internal static class PollCheck
{
    public static void Run(IReadOnlyList<Poll> polls, FinalLog log, IReadOnlyDictionary<RecordId, Send> sends, Findings findings)
    {
        HashSet<RecordId> seen = [];
        HashSet<Seen> vanished = [];
        foreach (IGrouping<(int Consumer, int Session), Poll> session in polls.GroupBy(poll => (poll.Consumer, poll.Session)))
        {
            Seen? before = null;
            foreach (Poll poll in session)
            {
                foreach (Seen record in poll.Records)
                {
                    if (poll.Consumer != History.WholeReader)
                    {
                        seen.Add(record.Id);
                    }

                    Follow(session.Key.Consumer, before, record, poll, log, findings);
                    if (!log.Offsets.ContainsKey(record.Id) && vanished.Add(record))
                    {
                        findings.Add(
                            sends.ContainsKey(record.Id) ? AnomalyKind.Vanished : AnomalyKind.NobodySent,
                            $"{record.Id} at offset {record.Offset}, got by consumer {poll.Consumer} at {poll.Time}");
                    }

                    before = record;
                }
            }
        }

        foreach (Seen record in polls.Count == 0 ? [] : log.Records)
        {
            if (!seen.Contains(record.Id) && sends.GetValueOrDefault(record.Id)?.Outcome == SendOutcome.Acknowledged)
            {
                findings.Add(AnomalyKind.Unseen, $"{record.Id} at offset {record.Offset}");
            }
        }
    }

    private static void Follow(int consumer, Seen? before, Seen record, Poll poll, FinalLog log, Findings findings)
    {
        if (before is not { } last)
        {
            return;
        }

        if (record.Offset <= last.Offset)
        {
            findings.Add(AnomalyKind.NonmonotonicPoll, $"consumer {consumer} got offset {record.Offset} behind {last.Offset} at {poll.Time}");
        }
        else if (record.Offset > last.Offset + 1 && log.Between(last.Offset, record.Offset).Select(skipped => (Seen?)skipped).FirstOrDefault() is { } skipped)
        {
            findings.Add(AnomalyKind.Gap, $"consumer {consumer} got offset {record.Offset} behind {last.Offset} at {poll.Time}, past {skipped.Id} at {skipped.Offset}");
        }
    }
}
