using System.Globalization;
using Broker.TestSupport.Simulation;

namespace Broker.Simulation.Model;

/// <summary>By what the records of a topic are kept, and of a compacted one, what they are.</summary>
/// <param name="IsDeleted">cleanup.policy has <c>delete</c>: by retention, and on request.</param>
/// <param name="IsCompacted">cleanup.policy has <c>compact</c>.</param>
/// <param name="RetentionMs">-1: forever. It counts only where <paramref name="IsDeleted"/>.</param>
/// <param name="DeleteRetentionMs">How long a tombstone stays at least.</param>
/// <param name="IsCleanedAtOnce">Whatever is dirty is due to be cleaned, not only when it is half of the log.</param>
/// <param name="Keys">How many keys there are.</param>
internal sealed record TopicRules(bool IsDeleted, bool IsCompacted, long RetentionMs, long DeleteRetentionMs, bool IsCleanedAtOnce, int Keys)
{
    private const int TombstonesPerThousand = 150;

    public static TopicRules Draw(SimulatedWorld world)
    {
        bool isCompacted = world.Chance(300);
        return new TopicRules(
            !isCompacted || world.Chance(250),
            isCompacted,
            world.Chance(400) ? world.Random.Next(2_000, 20_000) : -1,
            world.Random.Next(5_000, 40_000),
            world.Chance(700),
            world.Random.Next(1, 80));
    }

    /// <summary>As the topic is made with them.</summary>
    public IEnumerable<(string Name, string Value)> Configs =>
    [
        ("cleanup.policy", string.Join(',', new[] { IsCompacted ? "compact" : null, IsDeleted ? "delete" : null }.Where(policy => policy is not null))),
        ("retention.ms", Text(RetentionMs)),
        ("delete.retention.ms", Text(DeleteRetentionMs)),
        ("min.cleanable.dirty.ratio", IsCleanedAtOnce ? "0" : "0.5"),
    ];

    /// <summary>The key of a record; null where none is needed.</summary>
    public int? KeyOf(RecordId id) => IsCompacted ? (int)(Scatter(id) % (uint)Keys) : null;

    /// <summary>Whether a record deletes its key. One that is given up may stand there unknown to all, so only what is sent until it is acknowledged does.</summary>
    public bool IsTombstone(RecordId id, RecordWriter writer) => IsCompacted && writer.IsIdempotent && (Scatter(id) >> 10) % 1000 < TombstonesPerThousand;

    private static uint Scatter(RecordId id) => unchecked((uint)HashOf(((ulong)id.Writer << 32) | (uint)id.Number));

    // The finalizer of SplitMix64: neighbours go far apart.
    private static ulong HashOf(ulong value)
    {
        unchecked
        {
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
