using System.Globalization;

namespace Broker.Chaos.Histories;

/// <summary>A record by what its value says: which producer sent it, and the how-manieth it is of all that this one sent.</summary>
public readonly record struct RecordId(int Producer, long Number)
{
    /// <summary>What nobody sends: the id of a value that is not an id.</summary>
    public static readonly RecordId None = new(-1, -1);

    /// <summary>Reads what <see cref="ToString"/> wrote, filling behind a second colon left out; <see cref="None"/> for anything else.</summary>
    public static RecordId Parse(string value)
    {
        string[] parts = value.Split(':');
        return parts.Length >= 2
            && int.TryParse(parts[0], CultureInfo.InvariantCulture, out int producer)
            && long.TryParse(parts[1], CultureInfo.InvariantCulture, out long number)
            ? new RecordId(producer, number)
            : None;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Producer}:{Number}");
}

/// <summary>What a client knows of a record it sent.</summary>
public enum SendOutcome
{
    /// <summary>Nothing: it gave up, or ended. The record may be in the log or not, once at most.</summary>
    Unknown,

    /// <summary>It is in the log, for good.</summary>
    Acknowledged,

    /// <summary>It was told that the record was not taken: it must not be in the log.</summary>
    Refused,
}

/// <summary>One record that was sent.</summary>
/// <param name="Id">Its value.</param>
/// <param name="Partition">Where to.</param>
/// <param name="Invoked">When, since the run's beginning.</param>
/// <param name="Completed">When the client heard of it; of an unknown one, when it gave up.</param>
/// <param name="Outcome">What it heard.</param>
/// <param name="Offset">Where it is, by the acknowledgement; -1: that did not say.</param>
/// <param name="Leader">The node that acknowledged it; -1: not known.</param>
/// <param name="LeaderEpoch">Under which epoch the client took it for the leader; -1: not known.</param>
public sealed record Send(RecordId Id, int Partition, TimeSpan Invoked, TimeSpan Completed, SendOutcome Outcome, long Offset, int Leader = -1, int LeaderEpoch = -1);

/// <summary>A record as somebody read it.</summary>
public readonly record struct Seen(long Offset, RecordId Id);

/// <summary>What one fetch gave a consumer.</summary>
/// <param name="Consumer">Who.</param>
/// <param name="Session">Counts its seeks: within one, offsets only grow.</param>
/// <param name="Partition">Where from.</param>
/// <param name="Time">When, since the run's beginning.</param>
/// <param name="Records">In the order in which they came.</param>
public sealed record Poll(int Consumer, int Session, int Partition, TimeSpan Time, IReadOnlyList<Seen> Records);

/// <summary>A position of a group's member that was committed, and acknowledged so.</summary>
/// <param name="Consumer">Who.</param>
/// <param name="Session">In which it heard of it.</param>
/// <param name="Partition">Of what.</param>
/// <param name="Offset">Of the next record.</param>
public sealed record Commit(int Consumer, int Session, int Partition, long Offset);

/// <summary>All that the clients of a run did and saw.</summary>
/// <param name="Sends">In any order.</param>
/// <param name="Polls">Of each consumer in the order in which they came.</param>
/// <param name="Final">Each partition from its first offset to its end, when all was over.</param>
/// <param name="Commits">In any order.</param>
public sealed record History(IReadOnlyList<Send> Sends, IReadOnlyList<Poll> Polls, IReadOnlyDictionary<int, IReadOnlyList<Seen>> Final, IReadOnlyList<Commit> Commits)
{
    /// <summary>Reads everything once in the end: what it gets, others have to have got as well.</summary>
    public const int WholeReader = 2000;
}
