using Broker.Actors.Configuration;
using Broker.Actors.Coordination;

namespace Broker.Actors.Groups;

/// <summary>How <c>__consumer_offsets</c> is made, the first time that a group is looked for.</summary>
internal static class OffsetsTopicDefinition
{
    public static NewTopic For(GroupOptions options) => new(
        GroupDirectory.OffsetsTopic,
        options.OffsetsTopicPartitions,
        new Dictionary<string, string> { ["cleanup.policy"] = "compact" },
        IsInternal: true);
}
