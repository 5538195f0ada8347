using System.Globalization;

namespace Broker.Crash.History;

/// <summary>Reads the journals that python/crash_client.py prints; that file describes them.</summary>
public static class Journal
{
    /// <exception cref="FormatException">A line is none of a producer's journal, or its end is missing.</exception>
    public static ProducerHistory Producer(int producer, IEnumerable<string> lines)
    {
        Dictionary<long, Position> acknowledged = [];
        long? sent = null;
        foreach (string line in lines)
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "ack":
                    acknowledged.Add(Number(words[1]), new Position((int)Number(words[2]), Number(words[3])));
                    break;
                case "fail":
                    // Not acknowledged: it may be there once or not at all.
                    break;
                case "end":
                    sent = Number(words[1]);
                    break;
                default:
                    throw new FormatException($"not a producer's journal: {line}");
            }
        }

        return new ProducerHistory(producer, sent ?? throw new FormatException("the journal has no end"), acknowledged);
    }

    /// <exception cref="FormatException">A line is none of a committing consumer's journal.</exception>
    public static (List<(Position Position, RecordId Id)> Seen, List<CommitEvent> Commits) Committer(
        IEnumerable<string> lines)
    {
        List<(Position Position, RecordId Id)> seen = [];
        List<CommitEvent> commits = [];
        foreach (string line in lines)
        {
            string[] words = line.Split(' ');
            switch (words[0])
            {
                case "seen":
                    seen.Add((new Position((int)Number(words[1]), Number(words[2])), Id(words)));
                    break;
                case "attempt" or "commit" or "fetched":
                    CommitStep step = words[0] switch
                    {
                        "attempt" => CommitStep.Attempted,
                        "commit" => CommitStep.Acknowledged,
                        _ => CommitStep.Fetched,
                    };
                    commits.Add(new CommitEvent(step, (int)Number(words[1]), Number(words[2])));
                    break;
                case "end":
                    break;
                default:
                    throw new FormatException($"not a committer's journal: {line}");
            }
        }

        return (seen, commits);
    }

    /// <exception cref="FormatException">A line is none of a reader's journal.</exception>
    public static Dictionary<int, StoredPartition> Stored(IEnumerable<string> lines)
    {
        Dictionary<int, (long Low, long High, List<(long Offset, RecordId Id)> Records)> found = [];
        foreach (string line in lines)
        {
            string[] words = line.Split(' ');
            int partition = (int)Number(words[1]);
            switch (words[0])
            {
                case "range":
                    found.Add(partition, (Number(words[2]), Number(words[3]), []));
                    break;
                case "record":
                    found[partition].Records.Add((Number(words[2]), Id(words)));
                    break;
                default:
                    throw new FormatException($"not a reader's journal: {line}");
            }
        }

        return found.ToDictionary(
            pair => pair.Key, pair => new StoredPartition(pair.Value.Low, pair.Value.High, pair.Value.Records));
    }

    private static RecordId Id(string[] words) => new((int)Number(words[3]), Number(words[4]));

    private static long Number(string word) => long.Parse(word, CultureInfo.InvariantCulture);
}
