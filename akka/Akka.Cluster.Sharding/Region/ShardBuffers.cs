using Akka.Actor;

namespace Akka.Cluster.Sharding;

/// <summary>Messages for shards whose home is not known, in order; all of them together are bounded.</summary>
internal sealed class ShardBuffers(int capacity)
{
    private readonly Dictionary<string, Queue<(object Message, IActorRef Sender)>> _buffers = [];

    public int Count { get; private set; }

    public IEnumerable<string> Shards => _buffers.Keys;

    public bool Has(string shard) => _buffers.ContainsKey(shard);

    /// <returns>False when there is no room.</returns>
    public bool TryAdd(string shard, object message, IActorRef sender)
    {
        if (Count >= capacity)
        {
            return false;
        }

        if (!_buffers.TryGetValue(shard, out Queue<(object, IActorRef)>? buffer))
        {
            buffer = [];
            _buffers.Add(shard, buffer);
        }

        buffer.Enqueue((message, sender));
        Count++;
        return true;
    }

    /// <summary>Takes out what there is for the shard.</summary>
    public IReadOnlyCollection<(object Message, IActorRef Sender)> Take(string shard)
    {
        if (!_buffers.Remove(shard, out Queue<(object, IActorRef)>? buffer))
        {
            return [];
        }

        Count -= buffer.Count;
        return buffer;
    }
}
