using static Akka.Cluster.Unit.Fixtures;

namespace Akka.Cluster.Unit;

public sealed class ReachabilityTests
{
    private static readonly Reachability AcBc = Reachability.Empty.Unreachable(Node('a'), Node('c')).Unreachable(Node('b'), Node('c'));

    [Fact]
    public void Node_is_reachable_again_when_no_observer_says_otherwise()
    {
        Reachability byOne = AcBc.Reachable(Node('a'), Node('c'));

        Assert.False(byOne.IsReachable(Node('c')));
        Assert.True(byOne.IsReachable(Node('a'), Node('c')));
        Assert.True(byOne.Reachable(Node('b'), Node('c')).IsReachable(Node('c')));
    }

    [Fact]
    public void Terminated_node_is_never_reachable_again()
    {
        Reachability terminated = Reachability.Empty.Terminated(Node('a'), Node('c'));

        Assert.Same(terminated, terminated.Reachable(Node('a'), Node('c')));
        Assert.False(terminated.IsReachable(Node('c')));
    }

    [Fact]
    public void Merge_takes_the_newer_row_of_each_observer()
    {
        Reachability older = Reachability.Empty.Unreachable(Node('a'), Node('c'));
        Reachability newer = older.Reachable(Node('a'), Node('c')).Unreachable(Node('b'), Node('a'));

        foreach (Reachability merged in new[] { older.Merge(newer, _ => true), newer.Merge(older, _ => true) })
        {
            Assert.True(merged.IsReachable(Node('c')));
            Assert.False(merged.IsReachable(Node('a')));
        }
    }

    [Fact]
    public void Removed_nodes_are_forgotten_as_observers_and_as_subjects()
    {
        Reachability all = AcBc.Unreachable(Node('c'), Node('d'));

        Assert.Equal("d", Names(all.Remove([Node('a'), Node('b')]).AllUnreachable.Where(node => node == Node('d'))));
        Assert.Empty(all.Remove([Node('c')]).AllUnreachable);
    }

    [Fact]
    public void Observers_of_a_node_are_those_that_do_not_reach_it() => Assert.Equal("ab", Names(AcBc.ObserversOf(Node('c'))));
}
