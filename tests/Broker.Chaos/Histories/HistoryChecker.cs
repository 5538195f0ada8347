namespace Broker.Chaos.Histories;

/// <summary>Judges a history, in the manner of Jepsen's workload for Kafka. Pure. Partitions are judged each by itself; no record here is ever deleted, compacted or part of a transaction.</summary>
public static class HistoryChecker
{
    /// <summary>How many anomalies of one kind and partition are shown; the others are only counted. One shows a bug, some show its pattern.</summary>
    public const int MaxOfOneKind = 10;

    public static Verdict Check(History history)
    {
        ILookup<int, Send> sends = history.Sends.ToLookup(send => send.Partition);
        ILookup<int, Poll> polls = history.Polls.ToLookup(poll => poll.Partition);
        ILookup<int, Commit> commits = history.Commits.ToLookup(commit => commit.Partition);
        Dictionary<RecordId, Send> byId = [];
        foreach (Send send in history.Sends)
        {
            // A client that uses an id twice makes every other judgement worthless.
            if (!byId.TryAdd(send.Id, send))
            {
                throw new ArgumentException($"{send.Id} was sent twice by the history", nameof(history));
            }
        }

        List<Anomaly> shown = [];
        Dictionary<AnomalyKind, int> counts = [];
        foreach (int partition in sends.Select(one => one.Key).Concat(polls.Select(one => one.Key)).Concat(history.Final.Keys).Distinct().Order())
        {
            Findings findings = new(partition, shown, counts);
            IReadOnlyList<Seen> final = history.Final.GetValueOrDefault(partition) ?? [];
            FinalLog log = new(final);
            LogCheck.Run(log, byId, findings);
            SendCheck.Run([.. sends[partition]], log, findings);
            PollCheck.Run([.. polls[partition]], log, byId, findings);
            CommitCheck.Run([.. commits[partition]], [.. polls[partition]], log, findings);
            OffsetCheck.Run([.. sends[partition]], [.. polls[partition]], log, findings);
        }

        return new Verdict(shown, counts);
    }
}

/// <summary>Where the checks of one partition put what they find.</summary>
internal sealed class Findings(int partition, List<Anomaly> shown, Dictionary<AnomalyKind, int> counts)
{
    private readonly Dictionary<AnomalyKind, int> _here = [];

    public int Partition => partition;

    public void Add(AnomalyKind kind, string evidence)
    {
        counts[kind] = counts.GetValueOrDefault(kind) + 1;
        _here[kind] = _here.GetValueOrDefault(kind) + 1;
        if (_here[kind] <= HistoryChecker.MaxOfOneKind)
        {
            shown.Add(new Anomaly(kind, partition, evidence));
        }
    }
}

/// <summary>A partition's final read, by offset and by value.</summary>
internal sealed class FinalLog
{
    public FinalLog(IReadOnlyList<Seen> records)
    {
        Records = records;
        foreach (Seen seen in records)
        {
            Offsets.TryAdd(seen.Id, seen.Offset);
        }
    }

    public IReadOnlyList<Seen> Records { get; }

    /// <summary>Where each value stands first.</summary>
    public Dictionary<RecordId, long> Offsets { get; } = [];

    /// <summary>How many records there are whose offset lies between two, both of them left out.</summary>
    public IEnumerable<Seen> Between(long after, long before)
    {
        int low = 0, high = Records.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = Records[middle].Offset <= after ? (middle + 1, high) : (low, middle);
        }

        for (int i = low; i < Records.Count && Records[i].Offset < before; i++)
        {
            yield return Records[i];
        }
    }
}
