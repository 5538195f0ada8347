using static Akka.Cluster.Unit.Fixtures;

namespace Akka.Cluster.Unit;

public sealed class VectorClockTests
{
    [Fact]
    public void Clock_comes_after_the_one_that_it_was_made_of()
    {
        VectorClock first = VectorClock.Empty.Increment(Node('a'));
        VectorClock second = first.Increment(Node('b'));

        Assert.Equal(VersionOrder.After, second.CompareTo(first));
        Assert.Equal(VersionOrder.Before, first.CompareTo(second));
        Assert.Equal(VersionOrder.Same, first.CompareTo(VectorClock.Empty.Increment(Node('a'))));
    }

    [Fact]
    public void Changes_of_two_nodes_are_concurrent_and_their_merge_comes_after_both()
    {
        VectorClock a = VectorClock.Empty.Increment(Node('a'));
        VectorClock b = VectorClock.Empty.Increment(Node('b'));

        Assert.Equal(VersionOrder.Concurrent, a.CompareTo(b));
        Assert.Equal(VersionOrder.After, a.Merge(b).CompareTo(a));
        Assert.Equal(VersionOrder.After, a.Merge(b).CompareTo(b));
    }

    [Fact]
    public void Pruned_node_is_forgotten()
    {
        VectorClock clock = VectorClock.Empty.Increment(Node('a')).Increment(Node('b'));

        Assert.Equal(VersionOrder.Same, clock.Prune(Node('b')).CompareTo(VectorClock.Empty.Increment(Node('a'))));
    }
}
