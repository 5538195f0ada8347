using Broker.TestSupport.Simulation;

namespace Broker.Simulation.Model;

/// <summary>A promise that was broken.</summary>
internal sealed class ViolationException(string message) : Exception(message);

/// <summary>
/// What the clients of a run know: what they sent, what they were told and what they read. Every later word is held against it:
///
/// L1. No loss: what was acknowledged or read stays at its offset, until retention, compaction, a deletion of records or that of the topic takes it.
/// L2. No reorder: an idempotent producer's records stand in its order, without gaps and each once.
/// L3. No fork: what an offset held once, it holds always, whichever run of the node is asked.
/// L4. No invention: no record that nobody sent, nor as nobody sent it.
/// L5. No resurrection: the log's start does not go back, what a confirmed deletion was asked for is gone, and a deleted topic stays away.
/// L6. Nothing goes too early: the start moves only beyond what retention gives free, or a deletion was asked for.
/// L7. No standstill: when nothing fails any more, everything goes on within minutes.
/// L8 to L10. Compaction: <see cref="CompactedLog"/>.
/// L11. Committed offsets: <see cref="OffsetModel"/>.
/// L12. Deletions that readers meet: <see cref="SeenKeys"/>.
/// </summary>
internal sealed class LogModel(SimulatedWorld world)
{
    private readonly List<RecordWriter> _writers = [];
    private readonly List<TopicModel> _topics = [];

    public SimulatedWorld World => world;

    public IReadOnlyList<TopicModel> Topics => _topics;

    /// <summary>Records that were acknowledged.</summary>
    public long Acknowledged { get; set; }

    /// <summary>Records that were read.</summary>
    public long Read { get; set; }

    public TopicModel AddTopic(string name, int partitions, TopicRules rules)
    {
        TopicModel topic = new(this, name, partitions, rules);
        _topics.Add(topic);
        return topic;
    }

    public RecordWriter AddWriter(bool isIdempotent)
    {
        RecordWriter writer = new(_writers.Count, isIdempotent);
        _writers.Add(writer);
        return writer;
    }

    /// <summary>The writer of a record that was read.</summary>
    public RecordWriter WriterOf(RecordId id) => id.Writer < _writers.Count && id.Number < _writers[id.Writer].Sent
        ? _writers[id.Writer]
        : throw new ViolationException($"L4: {id} was never sent");
}

/// <summary>A record's name: who wrote it, and as its how manieth.</summary>
internal readonly record struct RecordId(int Writer, int Number)
{
    public override string ToString() => $"record {Number} of writer {Writer}";
}

/// <summary>A record that was acknowledged or read.</summary>
internal readonly record struct KnownRecord(RecordId Id, long TimestampMs, bool IsTombstone);

/// <summary>A record as a reader gets it.</summary>
internal readonly record struct FetchedRecord(long Offset, RecordId Id, long TimestampMs, int? Key, bool IsTombstone);

/// <summary>One producer on one partition: it numbers its records from 0.</summary>
internal sealed class RecordWriter(int number, bool isIdempotent)
{
    public int Number => number;

    public bool IsIdempotent => isIdempotent;

    /// <summary>Numbers below were sent.</summary>
    public int Sent { get; set; }

    /// <summary>Of an idempotent one: numbers below are acknowledged.</summary>
    public int Acknowledged { get; set; }
}

/// <summary>One topic from its creation to its deletion; a later one of its name is another.</summary>
internal sealed class TopicModel
{
    public TopicModel(LogModel model, string name, int partitions, TopicRules rules)
    {
        (Name, Rules) = (name, rules);
        Partitions = [.. Enumerable.Range(0, partitions).Select(index => new PartitionModel(model, this, index))];
    }

    public string Name { get; }

    public Guid Id { get; set; }

    public TopicRules Rules { get; }

    public IReadOnlyList<PartitionModel> Partitions { get; }

    /// <summary>Its deletion was asked for: it may be gone.</summary>
    public bool IsDeleting { get; set; }

    /// <summary>Its deletion was confirmed: it is gone.</summary>
    public bool IsDeleted { get; set; }
}
