namespace Broker.Chaos.Histories;

/// <summary>Where a group goes on: not before what it has committed.</summary>
internal static class CommitCheck
{
    public static void Run(IReadOnlyList<Commit> commits, IReadOnlyList<Poll> polls, Findings findings)
    {
        foreach (IGrouping<(int Consumer, int Session), Poll> session in polls.GroupBy(poll => (poll.Consumer, poll.Session)))
        {
            // What it heard of later may have been committed by then, or not.
            long committed = commits.Where(commit => commit.Consumer == session.Key.Consumer && commit.Session < session.Key.Session).Select(commit => commit.Offset).DefaultIfEmpty(0).Max();
            Poll first = session.First(poll => poll.Records.Count > 0);
            if (first.Records[0].Offset < committed)
            {
                findings.Add(AnomalyKind.LostCommit, $"consumer {first.Consumer} began at offset {first.Records[0].Offset} at {first.Time}, and had committed {committed}");
            }
        }
    }
}
