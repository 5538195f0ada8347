using System.Collections.Concurrent;
using Akka.Actor;

namespace Broker.Actors.Groups;

/// <summary>
/// Which actor coordinates a group: that of the partition of <c>__consumer_offsets</c> that the group's name hashes to.
/// Thread-safe.
/// </summary>
public sealed class GroupDirectory
{
    /// <summary>The internal topic of committed offsets and group metadata.</summary>
    public const string OffsetsTopic = "__consumer_offsets";

    private readonly ConcurrentDictionary<int, IActorRef> _coordinators = new();

    /// <summary>The partition whose leader coordinates a group.</summary>
    /// <remarks>Kafka's rule, by Java's string hash: other brokers and tools compute the same.</remarks>
    public static int PartitionOf(string groupId, int partitions) => (JavaHash(groupId) & int.MaxValue) % partitions;

    /// <summary>The coordinator of an offsets partition, or null when it is not on this node.</summary>
    public IActorRef? Find(int partition) => _coordinators.GetValueOrDefault(partition);

    /// <summary>All coordinators on this node.</summary>
    public IReadOnlyCollection<IActorRef> All => [.. _coordinators.Values];

    internal void Add(int partition, IActorRef coordinator) => _coordinators[partition] = coordinator;

    internal void Remove(int partition) => _coordinators.TryRemove(partition, out _);

    private static int JavaHash(string text)
    {
        int hash = 0;
        foreach (char c in text)
        {
            hash = unchecked((31 * hash) + c);
        }

        return hash;
    }
}
