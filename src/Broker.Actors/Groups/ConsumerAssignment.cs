using Broker.ObjectStore;
using Broker.Wire;
using Broker.Wire.Messages;
using Broker.Wire.Primitives;

namespace Broker.Actors.Groups;

/// <summary>What the leader of a group of consumers gives a member. Its versions begin alike.</summary>
internal static class ConsumerAssignment
{
    /// <summary>The partitions; none when the bytes are something else, which is nobody's fault: assignors are the clients' own.</summary>
    public static IReadOnlyList<TopicPartition> PartitionsOf(ReadOnlyMemory<byte> assignment)
    {
        try
        {
            WireReader reader = new(assignment);
            short version = Math.Clamp(reader.ReadInt16(), ConsumerProtocolAssignment.LowestVersion, ConsumerProtocolAssignment.HighestVersion);
            return [.. ConsumerProtocolAssignment.Read(ref reader, version).AssignedPartitions.SelectMany(topic => topic.Partitions.Select(partition => new TopicPartition(topic.Topic, partition)))];
        }
        catch (MalformedMessageException)
        {
            return [];
        }
    }
}
