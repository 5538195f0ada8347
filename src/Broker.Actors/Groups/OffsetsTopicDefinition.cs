using System.Globalization;
using Broker.Actors.Configuration;
using Broker.Actors.Coordination;

namespace Broker.Actors.Groups;

/// <summary>How <c>__consumer_offsets</c> is made: the first time that a group is looked for, or before, by a client.</summary>
internal static class OffsetsTopicDefinition
{
    // The least that a topic's setting may be.
    private const int MinSegmentBytes = 1 << 20;

    public static NewTopic For(GroupOptions options)
    {
        string segmentBytes = Math.Max(options.OffsetsTopicSegmentBytes, MinSegmentBytes).ToString(CultureInfo.InvariantCulture);
        return For(options.OffsetsTopicPartitions, new Dictionary<string, string> { ["segment.bytes"] = segmentBytes });
    }

    /// <summary>As a client asks for it. It stays compacted: the last record of each key is what groups live on.</summary>
    public static NewTopic For(int partitions, IReadOnlyDictionary<string, string> configs) => new(
        GroupDirectory.OffsetsTopic,
        partitions,
        new Dictionary<string, string>(configs) { ["cleanup.policy"] = "compact" });
}
