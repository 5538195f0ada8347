using System.Collections.Concurrent;
using Akka.Actor;
using Broker.ObjectStore;

namespace Broker.Actors.Partitions;

/// <summary>The partitions that are open on this node. Written by the partition manager, read by every request. Thread-safe.</summary>
public sealed class PartitionDirectory
{
    private readonly ConcurrentDictionary<StreamId, IActorRef> _open = new();

    /// <summary>The actor that leads a stream here, or null when none does.</summary>
    public IActorRef? Find(StreamId stream) => _open.GetValueOrDefault(stream);

    public int Count => _open.Count;

    internal void Add(StreamId stream, IActorRef partition) => _open[stream] = partition;

    internal void Remove(StreamId stream) => _open.TryRemove(stream, out _);
}
