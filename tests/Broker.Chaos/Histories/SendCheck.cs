namespace Broker.Chaos.Histories;

/// <summary>What acknowledgements promise: the record stays, and offsets grow in the order in which a producer sends.</summary>
internal static class SendCheck
{
    public static void Run(IReadOnlyList<Send> sends, FinalLog log, Findings findings)
    {
        Send[] acknowledged = [.. sends.Where(send => send.Outcome == SendOutcome.Acknowledged).OrderBy(send => send.Completed)];
        Send? latest = null;
        foreach (Send send in acknowledged)
        {
            if (!log.Offsets.ContainsKey(send.Id))
            {
                bool isStale = latest is not null && send.LeaderEpoch >= 0 && latest.LeaderEpoch > send.LeaderEpoch;
                findings.Add(
                    isStale ? AnomalyKind.StaleLeader : AnomalyKind.LostWrite,
                    Describe(send) + (isStale ? $"; but {Describe(latest!)}" : ""));
            }

            latest = latest is null || send.LeaderEpoch > latest.LeaderEpoch ? send : latest;
        }

        foreach (IGrouping<int, Send> producer in acknowledged.Where(send => send.Offset >= 0).GroupBy(send => send.Id.Producer))
        {
            Send? before = null;
            foreach (Send send in producer.OrderBy(send => send.Id.Number))
            {
                if (before is not null && send.Offset <= before.Offset)
                {
                    findings.Add(AnomalyKind.NonmonotonicSend, $"{Describe(before)}; then {Describe(send)}");
                }

                before = send;
            }
        }
    }

    private static string Describe(Send send) =>
        $"{send.Id} was acknowledged at {send.Completed} with offset {send.Offset} by node {send.Leader} in epoch {send.LeaderEpoch}";
}
