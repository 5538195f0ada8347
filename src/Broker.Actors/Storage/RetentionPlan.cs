using Broker.Actors.Configuration;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Storage;

/// <summary>What may go, by age and by size. An object's range goes as a whole, as a segment does in Kafka; what is not uploaded stays.</summary>
internal static class RetentionPlan
{
    /// <summary>The streams whose start moves. Topics that are compacted and not deleted keep everything.</summary>
    public static IReadOnlyList<StreamTrimmed> Trims(MetadataImage image, BrokerSettings settings, long nowMs)
    {
        List<StreamTrimmed> trims = [];
        foreach (TopicState topic in image.Topics.Values)
        {
            TopicConfig config = new(settings, topic.Configs);
            if (!config.IsDeleted)
            {
                continue;
            }

            foreach (StreamId stream in topic.Partitions)
            {
                StreamState state = image.Streams[stream];
                Offset start = NewStart(image, state, config, nowMs);
                if (start > state.StartOffset)
                {
                    trims.Add(new StreamTrimmed(stream, start));
                }
            }
        }

        return trims;
    }

    /// <summary>Objects that nothing refers to any more, and long enough that no reader is still at them.</summary>
    public static IReadOnlyList<DeletableObject> Deletions(MetadataImage image, TimeSpan delay, long nowMs) =>
        [.. image.DeletableObjects.Values.Where(item => nowMs - item.SinceMs >= (long)delay.TotalMilliseconds)];

    private static Offset NewStart(MetadataImage image, StreamState state, TopicConfig config, long nowMs)
    {
        Offset start = state.StartOffset;
        long sizeBytes = state.Ranges.Sum(range => range.Range.SizeBytes);
        foreach (ObjectRange range in state.Ranges)
        {
            // Records without a timestamp age from their upload, as they age in Kafka from their segment's last write.
            long newestMs = range.Range.MaxTimestampMs >= 0 ? range.Range.MaxTimestampMs : image.Objects[range.ObjectId].CreatedMs;
            bool isOld = config.RetentionMs >= 0 && nowMs - newestMs > config.RetentionMs;
            bool isBeyondSize = config.RetentionBytes >= 0 && sizeBytes - range.Range.SizeBytes >= config.RetentionBytes;
            if (!isOld && !isBeyondSize)
            {
                break;
            }

            start = range.EndOffset;
            sizeBytes -= range.Range.SizeBytes;
        }

        return start;
    }
}
