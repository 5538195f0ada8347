using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.Wire;

namespace Broker.Actors.Inspection;

/// <summary>Topics and their partitions. Thread-safe.</summary>
/// <param name="metadata">What the node knows.</param>
/// <param name="partitions">What it leads.</param>
internal sealed class TopicInspection(MetadataView metadata, PartitionDirectory partitions)
{
    // As ListOffsets names the end of what is acknowledged.
    private const long Latest = -1;

    private const int NoEpoch = -1;

    /// <summary>All topics.</summary>
    public TopicsReport List()
    {
        MetadataImage image = metadata.Current;
        return new TopicsReport([.. image.TopicIds.Values.Select(id => Summarize(image, image.Topics[id]))]);
    }

    /// <summary>One topic and its partitions.</summary>
    /// <exception cref="InspectionException">There is none of that name.</exception>
    public async Task<TopicReport> DescribeAsync(string name)
    {
        MetadataImage image = metadata.Current;
        TopicState topic = Find(image, name);
        StreamState[] streams = [.. topic.Partitions.Select(id => image.Streams[id])];
        Func<StreamState, NodeId> leaderOf = PartitionBalance.LeadersIn(image);
        long?[] ends = await Task.WhenAll(streams.Select(stream => HighWatermarkAsync(stream.StreamId))).ConfigureAwait(false);
        return new TopicReport(topic.Name, topic.TopicId, topic.IsInternal, topic.Configs, [.. streams.Zip(ends, (stream, end) => Describe(stream, leaderOf(stream), end))]);
    }

    /// <summary>The offset after the last that is acknowledged; null: the partition is not led here, or does not answer.</summary>
    public async Task<long?> HighWatermarkAsync(StreamId stream)
    {
        if (partitions.Find(stream) is not { } partition)
        {
            return null;
        }

        try
        {
            OffsetReply reply = await partition.Ask<OffsetReply>(new LookUpOffset(default, Latest, NoEpoch), Inquiry.Patience).ConfigureAwait(false);
            return reply.Error == ErrorCode.None ? reply.Offset : null;
        }
        catch (AskTimeoutException)
        {
            // It opens or closes: all else is known without it.
            return null;
        }
    }

    /// <summary>The topic of that name.</summary>
    /// <exception cref="InspectionException">There is none.</exception>
    internal static TopicState Find(MetadataImage image, string name) =>
        image.FindTopic(name) ?? throw new InspectionException(InspectionFailure.NotFound, $"there is no topic '{name}': 'broker topic list' names those that there are");

    private static TopicSummary Summarize(MetadataImage image, TopicState topic)
    {
        StreamState[] streams = [.. topic.Partitions.Select(id => image.Streams[id])];
        return new TopicSummary(
            topic.Name,
            topic.TopicId,
            topic.IsInternal,
            topic.Partitions.Length,
            streams.Sum(stream => stream.EndOffset - stream.StartOffset),
            streams.Sum(BytesOf),
            streams.SelectMany(stream => stream.Ranges).Select(range => range.ObjectId).Distinct().Count());
    }

    private static PartitionReport Describe(StreamState stream, NodeId leader, long? highWatermark) => new(
        stream.Partition,
        stream.StreamId.Value,
        leader.Value,
        stream.Epoch.Value,
        stream.StartOffset.Value,
        stream.EndOffset.Value,
        highWatermark,
        BytesOf(stream),
        stream.Ranges.Select(range => range.ObjectId).Distinct().Count(),
        stream.Wal == WalId.None ? "" : stream.Wal.ToString(),
        [.. stream.PendingWals.Select(wal => wal.ToString())]);

    private static long BytesOf(StreamState stream) => stream.Ranges.Sum(range => range.Range.SizeBytes);
}
