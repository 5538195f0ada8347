using System.Collections.Immutable;
using static Akka.Cluster.Unit.Fixtures;

namespace Akka.Cluster.Unit;

public sealed class HeartbeatNodeRingTests
{
    private static readonly UniqueAddress[] Ten = [.. "abcdefghij".Select(name => Node(name))];

    [Fact]
    public void Each_node_is_watched_by_as_many_as_asked_for()
    {
        UniqueAddress[] watched = [.. Ten.SelectMany(node => HeartbeatNodeRing.ReceiversOf(Ten, node, ImmutableHashSet<UniqueAddress>.Empty, 3))];

        Assert.All(Ten, node => Assert.Equal(3, watched.Count(each => each == node)));
    }

    [Fact]
    public void No_node_watches_itself() =>
        Assert.All(Ten, node => Assert.DoesNotContain(node, HeartbeatNodeRing.ReceiversOf(Ten, node, ImmutableHashSet<UniqueAddress>.Empty, 20)));

    [Fact]
    public void Another_takes_the_place_of_one_that_is_unreachable()
    {
        ImmutableHashSet<UniqueAddress> before = HeartbeatNodeRing.ReceiversOf(Ten, Ten[0], ImmutableHashSet<UniqueAddress>.Empty, 3);

        ImmutableHashSet<UniqueAddress> now = HeartbeatNodeRing.ReceiversOf(Ten, Ten[0], ImmutableHashSet.Create(before.First()), 3);

        Assert.Superset(before, now);
        Assert.Equal(4, now.Count);
    }
}
