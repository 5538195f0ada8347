using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster.Sharding;

/// <summary>What a region tells of itself.</summary>
public sealed partial class ShardRegion
{
    private void OnQuery(IShardRegionQuery query)
    {
        switch (query)
        {
            case GetShardRegionState:
                CollectAsync().PipeTo(Sender, Self, shards => new CurrentShardRegionState(
                    shards.Select(shard => shard.State).OfType<ShardState>().ToImmutableHashSet(), Failed(shards)));
                break;
            case GetShardRegionStats:
                CollectAsync().PipeTo(Sender, Self, shards => new ShardRegionStats(
                    shards.Select(shard => shard.State).OfType<ShardState>().ToImmutableDictionary(state => state.ShardId, state => state.EntityIds.Count), Failed(shards)));
                break;
            case GetCurrentRegions or GetClusterShardingStats when _coordinator is not null:
                _coordinator.Tell(query, Sender);
                break;
            default:
                _log.Debug("{0}: {1} is not answered: there is no coordinator now", _kind.TypeName, query);
                break;
        }
    }

    private static ImmutableHashSet<string> Failed((string Id, ShardState? State)[] shards) =>
        [.. shards.Where(shard => shard.State is null).Select(shard => shard.Id)];

    private Task<(string Id, ShardState? State)[]> CollectAsync()
    {
        TimeSpan timeout = _kind.Settings.ShardRegionQueryTimeout;
        return Task.WhenAll(_shards.Select(shard => AskStateAsync(shard.Key, shard.Value, timeout)).ToArray());
    }

    private static async Task<(string Id, ShardState? State)> AskStateAsync(string id, IActorRef shard, TimeSpan timeout)
    {
        try
        {
            return (id, await shard.Ask<ShardState>(Sharding.Shard.GetState.Instance, timeout).ConfigureAwait(false));
        }
        catch (AskTimeoutException)
        {
            return (id, null);
        }
    }
}
