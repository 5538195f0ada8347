namespace Broker.Crash.History;

/// <summary>
/// Judges a run. What must hold:
/// <list type="number">
/// <item>Each acknowledged record is stored at the offset it was acknowledged with.</item>
/// <item>No record is stored twice, acknowledged or not.</item>
/// <item>A producer's records stand in a partition in the order in which they were sent.</item>
/// <item>A partition's offsets run from its first to its end without a gap, and none is served twice.</item>
/// <item>Nothing is stored that was not sent, nor in another partition than it was sent to.</item>
/// <item>What a consumer was given once is still there: only durable records are readable.</item>
/// <item>A committed offset is never answered below the last acknowledged commit, nor above the highest attempt.</item>
/// </list>
/// </summary>
public static class HistoryChecker
{
    /// <summary>All violations, each as a sentence that names the rule; empty for a good run.</summary>
    public static IReadOnlyList<string> Check(RunHistory history)
    {
        List<string> violations = [];
        Dictionary<Position, RecordId> stored = Index(history, violations);
        CheckAcknowledged(history, stored, violations);
        CheckDuplicates(history, violations);
        CheckOrder(history, violations);
        CheckOrigin(history, violations);
        CheckSeen(history, stored, violations);
        CheckCommits(history, violations);
        return violations;
    }

    private static Dictionary<Position, RecordId> Index(RunHistory history, List<string> violations)
    {
        Dictionary<Position, RecordId> stored = [];
        foreach ((int partition, StoredPartition content) in history.Stored)
        {
            long expected = content.Low;
            foreach ((long offset, RecordId id) in content.Records)
            {
                if (offset != expected)
                {
                    violations.Add($"rule 4: partition {partition} serves offset {offset} where {expected} follows");
                }

                expected = offset + 1;
                stored[new Position(partition, offset)] = id;
            }

            if (expected != content.High)
            {
                violations.Add($"rule 4: partition {partition} ends at {expected}, its end offset is {content.High}");
            }
        }

        return stored;
    }

    private static void CheckAcknowledged(
        RunHistory history, Dictionary<Position, RecordId> stored, List<string> violations)
    {
        foreach (ProducerHistory producer in history.Producers)
        {
            foreach ((long sequence, Position position) in producer.Acknowledged)
            {
                RecordId id = new(producer.Producer, sequence);
                if (!stored.TryGetValue(position, out RecordId found))
                {
                    violations.Add($"rule 1: {id} was acknowledged at {position}, where nothing is");
                }
                else if (found != id)
                {
                    violations.Add($"rule 1: {id} was acknowledged at {position}, where {found} is");
                }
            }
        }
    }

    private static void CheckDuplicates(RunHistory history, List<string> violations)
    {
        Dictionary<RecordId, Position> first = [];
        foreach ((int partition, StoredPartition content) in history.Stored)
        {
            foreach ((long offset, RecordId id) in content.Records)
            {
                Position position = new(partition, offset);
                if (!first.TryAdd(id, position))
                {
                    violations.Add($"rule 2: {id} is stored at {first[id]} and at {position}");
                }
            }
        }
    }

    private static void CheckOrder(RunHistory history, List<string> violations)
    {
        foreach ((int partition, StoredPartition content) in history.Stored)
        {
            Dictionary<int, long> last = [];
            foreach ((long offset, RecordId id) in content.Records)
            {
                if (last.TryGetValue(id.Producer, out long before) && id.Sequence < before)
                {
                    violations.Add($"rule 3: partition {partition} has {id} at {offset}, after sequence {before}");
                }

                last[id.Producer] = id.Sequence;
            }
        }
    }

    private static void CheckOrigin(RunHistory history, List<string> violations)
    {
        Dictionary<int, long> sent = history.Producers.ToDictionary(producer => producer.Producer, producer => producer.Sent);
        foreach ((int partition, StoredPartition content) in history.Stored)
        {
            foreach ((long offset, RecordId id) in content.Records)
            {
                if (id.Sequence < 0 || id.Sequence >= sent.GetValueOrDefault(id.Producer))
                {
                    violations.Add($"rule 5: {id} in partition {partition} at {offset} was never sent");
                }
                else if (id.Sequence % history.Partitions != partition)
                {
                    violations.Add($"rule 5: {id} was sent to another partition than {partition}");
                }
            }
        }
    }

    private static void CheckSeen(RunHistory history, Dictionary<Position, RecordId> stored, List<string> violations)
    {
        foreach ((Position position, RecordId id) in history.Seen)
        {
            if (!stored.TryGetValue(position, out RecordId found))
            {
                violations.Add($"rule 6: {id} was read at {position}, where nothing is now");
            }
            else if (found != id)
            {
                violations.Add($"rule 6: {id} was read at {position}, where {found} is now");
            }
        }
    }

    private static void CheckCommits(RunHistory history, List<string> violations)
    {
        Dictionary<int, long> acknowledged = [];
        Dictionary<int, long> attempted = [];
        foreach ((CommitStep step, int partition, long offset) in history.Commits)
        {
            switch (step)
            {
                case CommitStep.Attempted:
                    attempted[partition] = Math.Max(offset, attempted.GetValueOrDefault(partition));
                    break;
                case CommitStep.Acknowledged:
                    acknowledged[partition] = offset;
                    break;
                case CommitStep.Fetched when offset < acknowledged.GetValueOrDefault(partition):
                    violations.Add(
                        $"rule 7: partition {partition} was committed up to {acknowledged[partition]}, then {offset} was answered");
                    break;
                case CommitStep.Fetched when offset > attempted.GetValueOrDefault(partition):
                    violations.Add($"rule 7: partition {partition} answers {offset}, which nobody committed");
                    break;
                default:
                    break;
            }
        }
    }
}
