namespace Broker.Chaos.Histories;

/// <summary>What can be wrong with a history.</summary>
public enum AnomalyKind
{
    /// <summary>Acknowledged, and not in the final log.</summary>
    LostWrite,

    /// <summary>Acknowledged by a leader when a later one had acknowledged already, and not in the final log.</summary>
    StaleLeader,

    /// <summary>Sent once, and in the log twice.</summary>
    Duplicate,

    /// <summary>Two records of one producer stand in the log in another order than they were sent.</summary>
    Reordering,

    /// <summary>One offset has two values, or one value two offsets, as seen by any two of acknowledgements, polls and the final read.</summary>
    InconsistentOffset,

    /// <summary>Acknowledgements of one producer have offsets in another order than its records.</summary>
    NonmonotonicSend,

    /// <summary>A consumer that did not seek went back, or stood still.</summary>
    NonmonotonicPoll,

    /// <summary>A consumer that did not seek was led past a record.</summary>
    Gap,

    /// <summary>A group's member began before an offset that was committed and acknowledged.</summary>
    LostCommit,

    /// <summary>Acknowledged and in the final log, and no consumer of the partition ever got it.</summary>
    Unseen,

    /// <summary>A consumer got it, and it is not in the final log.</summary>
    Vanished,

    /// <summary>Nobody sent it, or not there.</summary>
    NobodySent,

    /// <summary>Refused for good, and in the log all the same.</summary>
    RefusedAndStored,
}

/// <summary>One anomaly, with what shows it.</summary>
public sealed record Anomaly(AnomalyKind Kind, int Partition, string Evidence)
{
    public override string ToString() => $"{Kind} in partition {Partition}: {Evidence}";
}

/// <summary>What the checker says of a history.</summary>
/// <param name="Anomalies">At most <see cref="HistoryChecker.MaxOfOneKind"/> of each kind and partition.</param>
/// <param name="Counts">How many there are of each kind; kinds that are not there have none.</param>
public sealed record Verdict(IReadOnlyList<Anomaly> Anomalies, IReadOnlyDictionary<AnomalyKind, int> Counts)
{
    public bool IsClean => Counts.Count == 0;
}
