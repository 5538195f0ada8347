using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Inspection;

/// <summary>What this node knows of the metadata as a whole, and of the write-ahead logs in them. Thread-safe.</summary>
/// <param name="metadata">What the node knows.</param>
/// <param name="node">This node.</param>
/// <param name="coordinator">Who commits changes; null: nobody now.</param>
/// <param name="offline">How many partitions nobody leads.</param>
internal sealed class MetadataInspection(MetadataView metadata, NodeId node, Func<int?> coordinator, Func<int> offline)
{
    // For people to see what kind of partitions wait; a node may have led a hundred thousand.
    private const int MostNamed = 100;

    /// <summary>The metadata as a whole.</summary>
    public MetadataReport Show()
    {
        MetadataImage image = metadata.Current;
        return new MetadataReport(
            image.ClusterId,
            node.Value,
            coordinator(),
            image.Version,
            image.Topics.Count,
            image.Topics.Values.Sum(topic => topic.Partitions.Length),
            offline(),
            image.Objects.Count,
            image.Objects.Values.Sum(one => one.SizeBytes),
            image.DeletableObjects.Count,
            image.DeletableObjects.Values.Sum(one => one.SizeBytes),
            image.Wals.Count,
            image.Wals.Values.Count(wal => wal.IsFenced),
            image.LiveNodes.Count,
            image.NextStreamId.Value,
            image.NextObjectId.Value,
            image.NextProducerId);
    }

    /// <summary>The write-ahead logs.</summary>
    public WalsReport Wals()
    {
        MetadataImage image = metadata.Current;
        Dictionary<WalId, int> written = [];
        Dictionary<WalId, List<TopicPartition>> waiting = [];
        foreach (StreamState stream in image.Streams.Values)
        {
            // A log that lives is written by those who name it; whoever has it among earlier ones, or names one that is fenced or of a node that is gone, has to be seen to first.
            bool isWritten = image.Wals.TryGetValue(stream.Wal, out AttachedWal? own) && !own.IsFenced && stream.Leader == own.Node && image.LiveNodes.ContainsKey(own.Node);
            if (isWritten)
            {
                written[stream.Wal] = written.GetValueOrDefault(stream.Wal) + 1;
            }

            foreach (WalId wal in WalDebts.Before(image, stream, isWritten ? stream.Wal : WalId.None))
            {
                (waiting.TryGetValue(wal, out List<TopicPartition>? known) ? known : waiting[wal] = []).Add(NameOf(image, stream));
            }
        }

        return new WalsReport([.. image.Wals.Values.Select(wal => Describe(wal, written.GetValueOrDefault(wal.WalId), waiting.GetValueOrDefault(wal.WalId) ?? []))]);
    }

    /// <summary>The partition of a stream.</summary>
    internal static TopicPartition NameOf(MetadataImage image, StreamState stream) => new(image.FindTopic(stream.TopicId)?.Name ?? "", stream.Partition);

    private static WalReport Describe(AttachedWal wal, int written, List<TopicPartition> waiting) => new(
        wal.WalId.ToString(),
        wal.Node.Value,
        wal.Host,
        wal.Path,
        DateTimeOffset.FromUnixTimeMilliseconds(wal.SinceMs),
        wal.IsFenced,
        written,
        waiting.Count,
        [.. waiting.OrderBy(one => one.Topic, StringComparer.Ordinal).ThenBy(one => one.Partition).Take(MostNamed).Select(one => one.ToString())]);
}
