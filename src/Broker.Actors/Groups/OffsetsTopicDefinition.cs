using Broker.Actors.Configuration;
using Broker.Actors.Coordination;

namespace Broker.Actors.Groups;

/// <summary>How <c>__consumer_offsets</c> is made: the first time that a group is looked for, or before, by a client.</summary>
internal static class OffsetsTopicDefinition
{
    public static NewTopic For(GroupOptions options) => For(options.OffsetsTopicPartitions, new Dictionary<string, string>());

    /// <summary>As a client asks for it. It stays compacted: the last record of each key is what groups live on.</summary>
    public static NewTopic For(int partitions, IReadOnlyDictionary<string, string> configs) => new(
        GroupDirectory.OffsetsTopic,
        partitions,
        new Dictionary<string, string>(configs) { ["cleanup.policy"] = "compact" });
}
