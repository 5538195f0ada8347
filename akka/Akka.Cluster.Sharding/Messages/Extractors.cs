using Akka.Util;

namespace Akka.Cluster.Sharding;

/// <summary>The entity's id and what it is to get; none for a message that is for no entity.</summary>
public delegate Option<(string, object)> ExtractEntityId(object message);

/// <summary>The shard of a message, also of a <see cref="ShardRegion.StartEntity"/>.</summary>
public delegate string ExtractShardId(object message);

/// <summary>Says for which entity a message is, and in which shard that is. The same on all nodes.</summary>
public interface IMessageExtractor
{
    /// <summary>Null for a message that is for no entity.</summary>
    string? EntityId(object message);

    /// <summary>What the entity is to get.</summary>
    object EntityMessage(object message);

    string? ShardId(object message);

    string ShardId(string entityId, object? messageHint = null);
}

/// <summary>Spreads entities over shards by a hash of their ids.</summary>
public abstract class HashCodeMessageExtractor : IMessageExtractor
{
    public readonly int MaxNumberOfShards;

    protected HashCodeMessageExtractor(int maxNumberOfShards)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxNumberOfShards, 1);
        MaxNumberOfShards = maxNumberOfShards;
    }

    public static HashCodeMessageExtractor Create(int maxNumberOfShards, Func<object, string?> entityIdExtractor, Func<object, object>? messageExtractor = null) =>
        new Implementation(maxNumberOfShards, entityIdExtractor, messageExtractor);

    public abstract string? EntityId(object message);

    public virtual object EntityMessage(object message) => message is ShardingEnvelope envelope ? envelope.Message : message;

    public virtual string? ShardId(object message) => (message as ShardRegion.StartEntity)?.EntityId is { } started
        ? ShardId(started, message)
        : EntityId(message) is { } id ? ShardId(id, message) : null;

    public virtual string ShardId(string entityId, object? messageHint = null) =>
        (Hash(entityId) % (uint)MaxNumberOfShards).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>FNV-1a: the same in every process.</summary>
    private static uint Hash(string text)
    {
        const uint OffsetBasis = 2166136261;
        const uint Prime = 16777619;
        return text.Aggregate(OffsetBasis, (hash, character) => unchecked((hash ^ character) * Prime));
    }

    private sealed class Implementation(int maxNumberOfShards, Func<object, string?> entityId, Func<object, object>? entityMessage)
        : HashCodeMessageExtractor(maxNumberOfShards)
    {
        public override string? EntityId(object message) => entityId(message);

        public override object EntityMessage(object message) => entityMessage?.Invoke(message) ?? base.EntityMessage(message);
    }
}

/// <summary>Two functions as an extractor.</summary>
internal sealed class DelegateMessageExtractor(ExtractEntityId extractEntityId, ExtractShardId extractShardId) : IMessageExtractor
{
    public string? EntityId(object message) => extractEntityId(message) is { HasValue: true } found ? found.Value.Item1 : null;

    public object EntityMessage(object message) => extractEntityId(message).Value.Item2;

    public string ShardId(object message) => extractShardId(message);

    public string ShardId(string entityId, object? messageHint = null) => extractShardId(messageHint ?? new ShardRegion.StartEntity(entityId));
}
