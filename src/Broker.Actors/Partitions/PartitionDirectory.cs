using System.Collections.Concurrent;
using Akka.Actor;
using Broker.ObjectStore;

namespace Broker.Actors.Partitions;

/// <summary>The partitions that are open on this node. Written by the partition manager, read by every request. Thread-safe.</summary>
public sealed class PartitionDirectory
{
    private readonly ConcurrentDictionary<StreamId, bool> _broken = new();
    private readonly ConcurrentDictionary<StreamId, (IActorRef Partition, PartitionLoad Load)> _open = new();

    /// <summary>The actor that leads a stream here, or null when none does.</summary>
    public IActorRef? Find(StreamId stream) => _open.TryGetValue(stream, out (IActorRef Partition, PartitionLoad) open) ? open.Partition : null;

    public int Count => _open.Count;

    /// <summary>What each has carried since it was opened.</summary>
    internal IEnumerable<(StreamId Stream, PartitionLoad Load)> Loads => _open.Select(one => (one.Key, one.Value.Load));

    /// <summary>Whether the partition is to be open here, and its actor has ended: nobody will open it before the node starts anew.</summary>
    internal bool IsBroken(StreamId stream) => _broken.ContainsKey(stream);

    internal void Add(StreamId stream, IActorRef partition, PartitionLoad load)
    {
        _broken.TryRemove(stream, out _);
        _open[stream] = (partition, load);
    }

    internal void Break(StreamId stream)
    {
        _broken[stream] = true;
        _open.TryRemove(stream, out _);
    }

    internal void Remove(StreamId stream)
    {
        _broken.TryRemove(stream, out _);
        _open.TryRemove(stream, out _);
    }
}
