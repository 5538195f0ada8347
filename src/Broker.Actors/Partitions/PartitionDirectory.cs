using System.Collections.Concurrent;
using Akka.Actor;
using Broker.ObjectStore;

namespace Broker.Actors.Partitions;

/// <summary>The partitions that are open on this node. Written by the partition manager, read by every request. Thread-safe.</summary>
public sealed class PartitionDirectory
{
    private readonly ConcurrentDictionary<StreamId, (IActorRef Partition, PartitionLoad Load)> _open = new();

    /// <summary>The actor that leads a stream here, or null when none does.</summary>
    public IActorRef? Find(StreamId stream) => _open.TryGetValue(stream, out (IActorRef Partition, PartitionLoad) open) ? open.Partition : null;

    public int Count => _open.Count;

    /// <summary>What each has carried since it was opened.</summary>
    internal IEnumerable<(StreamId Stream, PartitionLoad Load)> Loads => _open.Select(one => (one.Key, one.Value.Load));

    internal void Add(StreamId stream, IActorRef partition, PartitionLoad load) => _open[stream] = (partition, load);

    internal void Remove(StreamId stream) => _open.TryRemove(stream, out _);
}
