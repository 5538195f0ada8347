using Akka.Actor;
using Akka.Cluster.Sharding;

namespace Akka.Cluster.Unit;

/// <summary>What a coordinator knows of regions and shards.</summary>
public sealed class CoordinatorStateTests
{
    private static readonly IActorRef A = new NamedRef("a");

    private static readonly IActorRef B = new NamedRef("b");

    private readonly CoordinatorState _state = new();

    [Fact]
    public void Region_that_registers_brings_its_shards()
    {
        Assert.Empty(_state.Register(A, ["1", "2"]));

        Assert.Equal(A, _state.HomeOf("1"));
        Assert.Equal(["1", "2"], _state.Regions[A]);
    }

    [Fact]
    public void Region_that_registers_again_keeps_what_it_got_meanwhile()
    {
        _state.Register(A, ["1"]);
        _state.Allocate("2", A);

        _state.Register(A, ["1"]);

        Assert.Equal(["1", "2"], _state.Regions[A]);
    }

    [Fact]
    public void Shard_that_two_regions_have_stays_with_the_first_and_is_told_of()
    {
        _state.Register(A, ["1"]);

        Assert.Equal(["1"], _state.Register(B, ["1", "2"]));

        Assert.Equal(A, _state.HomeOf("1"));
        Assert.Equal(["2"], _state.Regions[B]);
    }

    [Fact]
    public void Only_the_home_of_a_shard_can_give_it_up()
    {
        _state.Register(A, ["1"]);
        _state.Register(B, []);

        Assert.False(_state.Deallocate("1", B));
        Assert.Equal(A, _state.HomeOf("1"));
        Assert.True(_state.Deallocate("1", A));
        Assert.Null(_state.HomeOf("1"));
        Assert.Empty(_state.Regions[A]);
    }

    [Fact]
    public void Region_that_shuts_down_keeps_its_shards_and_gets_no_more()
    {
        _state.Register(A, ["1"]);
        _state.Register(B, []);

        _state.BeginShutdown(A);

        Assert.Equal([A], _state.ShuttingDown);
        Assert.Equal([B], _state.ActiveRegions.Keys);
        Assert.False(_state.IsActive(A));
        Assert.Equal(A, _state.HomeOf("1"));
    }

    [Fact]
    public void Shards_of_a_region_that_is_gone_have_no_home()
    {
        _state.Register(A, ["1", "2"]);
        _state.BeginShutdown(A);

        _state.Remove(A);

        Assert.Empty(_state.Regions);
        Assert.Null(_state.HomeOf("1"));
        _state.Register(A, []);
        Assert.True(_state.IsActive(A));
    }

    [Fact]
    public void Proxy_is_told_of_moves_and_gets_no_shards()
    {
        _state.Register(A, []);
        _state.RegisterProxy(B);

        Assert.Equal([A, B], _state.RegionsAndProxies);
        Assert.Equal([A], _state.ActiveRegions.Keys);
        Assert.True(_state.IsRegistered(B));
        _state.Remove(B);
        Assert.False(_state.IsRegistered(B));
        Assert.Equal([A], _state.RegionsAndProxies);
    }

    [Fact]
    public void Move_stops_the_shard_once_when_all_have_forgotten_where_it_is()
    {
        ShardMove move = new("1", A, [A, B]);

        Assert.False(move.Forgotten(B));
        Assert.False(move.Forgotten(B));
        Assert.False(move.IsStopping);
        Assert.True(move.Forgotten(A));
        Assert.True(move.IsStopping);
        Assert.False(move.Forgotten(A));
        Assert.False(move.BeginStop());
    }

    [Fact]
    public void Move_waits_for_a_region_that_registers_late_unless_the_shard_stops_already()
    {
        ShardMove move = new("1", A, [A]);
        move.Await(B);

        Assert.False(move.Forgotten(A));
        Assert.True(move.Forgotten(B));
        move.Await(B);
        Assert.Empty(move.NotForgotten);
    }

    [Fact]
    public void Move_that_is_overdue_waits_for_nobody()
    {
        ShardMove move = new("1", A, [A, B]);

        Assert.True(move.BeginStop());

        Assert.Empty(move.NotForgotten);
        Assert.False(move.Forgotten(A));
    }

    [Fact]
    public void Buffers_of_all_shards_together_are_bounded_and_keep_their_order()
    {
        ShardBuffers buffers = new(capacity: 3);
        Assert.True(buffers.TryAdd("1", "a", A));
        Assert.True(buffers.TryAdd("2", "b", A));
        Assert.True(buffers.TryAdd("1", "c", B));
        Assert.False(buffers.TryAdd("2", "d", A));

        Assert.Equal([("a", A), ("c", B)], buffers.Take("1"));

        Assert.Equal(1, buffers.Count);
        Assert.False(buffers.Has("1"));
        Assert.Empty(buffers.Take("1"));
        Assert.True(buffers.TryAdd("3", "e", A));
    }
}
