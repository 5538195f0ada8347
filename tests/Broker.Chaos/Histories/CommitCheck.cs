namespace Broker.Chaos.Histories;

/// <summary>Where a group goes on: not before what it has committed, nor past a record that it has not got.</summary>
internal static class CommitCheck
{
    public static void Run(IReadOnlyList<Commit> commits, IReadOnlyList<Poll> polls, FinalLog log, Findings findings)
    {
        Dictionary<int, long> reached = [];
        foreach (IGrouping<(int Consumer, int Session), Poll> session in polls.GroupBy(poll => (poll.Consumer, poll.Session)))
        {
            // What it heard of later may have been committed by then, or not.
            long committed = commits.Where(commit => commit.Consumer == session.Key.Consumer && commit.Session < session.Key.Session).Select(commit => commit.Offset).DefaultIfEmpty(0).Max();
            Poll first = session.First(poll => poll.Records.Count > 0);
            if (first.Records[0].Offset < committed)
            {
                findings.Add(AnomalyKind.LostCommit, $"consumer {first.Consumer} began at offset {first.Records[0].Offset} at {first.Time}, and had committed {committed}");
            }

            // Its commits were of what it had got: the first session begins with the first record.
            long last = reached.GetValueOrDefault(first.Consumer, -1);
            if (log.Between(last, first.Records[0].Offset).Select(skipped => (Seen?)skipped).FirstOrDefault() is { } skipped)
            {
                findings.Add(AnomalyKind.Gap, $"consumer {first.Consumer} began at offset {first.Records[0].Offset} at {first.Time}, past {skipped.Id} at {skipped.Offset}");
            }

            reached[first.Consumer] = Math.Max(last, session.Max(poll => poll.Records.Count > 0 ? poll.Records[^1].Offset : -1));
        }
    }
}
