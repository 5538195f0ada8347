using Akka.Actor;

namespace Akka.Cluster.Sharding;

/// <summary>What goes between nodes as bytes of sharding's own formats.</summary>
public interface IClusterShardingSerializable
{
}

/// <summary>A message for an entity that does not say itself which one.</summary>
public sealed class ShardingEnvelope : IWrappedMessage, IClusterShardingSerializable, IEquatable<ShardingEnvelope>
{
    public ShardingEnvelope(string entityId, object message)
    {
        EntityId = entityId;
        Message = message;
    }

    public string EntityId { get; }

    public object Message { get; }

    public bool Equals(ShardingEnvelope? other) => other is not null && EntityId == other.EntityId && Message.Equals(other.Message);

    public override bool Equals(object? obj) => Equals(obj as ShardingEnvelope);

    public override int GetHashCode() => HashCode.Combine(EntityId, Message);

    public override string ToString() => $"ShardingEnvelope({EntityId}, {Message})";
}
