using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Configuration;

namespace Akka.Cluster.Unit;

/// <summary>The strategies that come with sharding, on a cluster of one: a strategy sees members, and only one has regions here.</summary>
public sealed class AllocationStrategyTests : IAsyncLifetime
{
    private static readonly NamedRef A = new("a", isLocal: true);

    private readonly ActorSystem _system = ActorSystem.Create("test", ConfigurationFactory.ParseString("""
        akka {
          actor.provider = cluster
          loglevel = OFF
          stdout-loglevel = OFF
          remote.dot-netty.tcp { hostname = "127.0.0.1", port = 0 }
        }
        """));

    public Task InitializeAsync() => Cluster.Get(_system).JoinAsync(Cluster.Get(_system).SelfAddress);

    public Task DisposeAsync() => _system.Terminate();

    [Fact]
    public async Task Shard_goes_to_the_region_with_the_fewest()
    {
        NamedRef b = new("b");
        LeastShardAllocationStrategy strategy = new(1, 3);
        strategy.Start(_system);

        Assert.Equal(A, await strategy.AllocateShard(A, "9", Shards((A, 3))));

        // The other's node is no member here: it gets nothing while there is one that is.
        Assert.Equal(A, await strategy.AllocateShard(A, "9", Shards((A, 3), (b, 1))));
        Assert.Equal(b, await strategy.AllocateShard(A, "9", Shards((b, 1))));
    }

    [Theory]
    [InlineData(5, 4, 0)]
    [InlineData(6, 3, 2)]
    [InlineData(9, 0, 3)]
    public async Task Shards_move_beyond_the_threshold_and_within_the_bound(int most, int fewest, int expected)
    {
        NamedRef other = Sibling();
        LeastShardAllocationStrategy strategy = new(1, 3);
        strategy.Start(_system);

        IImmutableSet<string> moved = await strategy.Rebalance(Shards((A, most), (other, fewest)), ImmutableHashSet<string>.Empty);

        Assert.Equal(expected, moved.Count);
        Assert.All(moved, shard => Assert.Contains($"of {A.Path.Address}", shard, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(5, 5, 0)]
    [InlineData(6, 4, 1)]
    [InlineData(30, 0, 6)]
    [InlineData(100, 0, 10)]
    public async Task Even_strategy_moves_the_surplus_within_both_limits(int most, int fewest, int expected)
    {
        IShardAllocationStrategy strategy = ShardAllocationStrategy.LeastShardAllocationStrategy(absoluteLimit: 10, relativeLimit: 0.2);
        ((IActorSystemDependentAllocationStrategy)strategy).Start(_system);

        IImmutableSet<string> moved = await strategy.Rebalance(Shards((A, most), (Sibling(), fewest)), ImmutableHashSet<string>.Empty);

        Assert.Equal(expected, moved.Count);
    }

    [Fact]
    public async Task Nothing_more_moves_while_as_much_as_may_is_on_the_move()
    {
        IImmutableSet<string> moving = ImmutableHashSet.Create("x", "y", "z");
        LeastShardAllocationStrategy strategy = new(1, 3);
        strategy.Start(_system);

        Assert.Empty(await strategy.Rebalance(Shards((A, 9), (Sibling(), 0)), moving));
    }

    /// <summary>Another region of the same member.</summary>
    private NamedRef Sibling() => new(Cluster.Get(_system).SelfAddress);

    private static ImmutableDictionary<IActorRef, IImmutableList<string>> Shards(params (IActorRef Region, int Count)[] regions) => regions.ToImmutableDictionary(
        region => region.Region,
        region => (IImmutableList<string>)Enumerable.Range(0, region.Count).Select(i => $"{i} of {region.Region.Path.Address}").ToImmutableList());
}
