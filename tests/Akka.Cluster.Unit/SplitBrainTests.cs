using Akka.Cluster.SBR;
using static Akka.Cluster.Unit.Fixtures;

namespace Akka.Cluster.Unit;

/// <summary>What each side of a partition decides. "ab|cde" is five members, of which a side sees those on its own.</summary>
public sealed class SplitBrainTests
{
    [Theory]
    [InlineData("ab|cde", 'a', Decision.DownReachable)]
    [InlineData("ab|cde", 'c', Decision.DownUnreachable)]
    [InlineData("ab|cd", 'a', Decision.DownUnreachable)]
    [InlineData("ab|cd", 'c', Decision.DownReachable)]
    [InlineData("b|a", 'b', Decision.DownReachable)]
    public void Majority_stays(string sides, char self, object decision) =>
        Assert.Equal(decision, new KeepMajority(null).Decide(View(sides, self)));

    [Theory]
    [InlineData("ab|cde", 'a', Decision.DownUnreachable)]
    [InlineData("ab|cde", 'c', Decision.DownReachable)]
    [InlineData("a|b", 'a', Decision.DownUnreachable)]
    [InlineData("a|b", 'b', Decision.DownReachable)]
    [InlineData("a|bc", 'a', Decision.DownReachable)]
    [InlineData("a|bc", 'b', Decision.DownUnreachable)]
    public void Oldest_stays_unless_it_is_alone(string sides, char self, object decision) =>
        Assert.Equal(decision, new KeepOldest(new KeepOldestSettings(true, null)).Decide(View(sides, self)));

    [Fact]
    public void Oldest_stays_alone_when_that_is_asked_for() =>
        Assert.Equal(Decision.DownUnreachable, new KeepOldest(new KeepOldestSettings(false, null)).Decide(View("a|bc", 'a')));

    [Theory]
    [InlineData("ab|c", 'a', Decision.DownUnreachable)]
    [InlineData("ab|c", 'c', Decision.DownReachable)]
    [InlineData("a|b|c", 'a', Decision.DownReachable)]
    [InlineData("ab|cd", 'a', Decision.DownAll)]
    public void Quorum_stays_where_there_can_be_one_only(string sides, char self, object decision) =>
        Assert.Equal(decision, new StaticQuorum(new StaticQuorumSettings(2, null)).Decide(View(sides, self)));

    [Theory]
    [InlineData("ab|c", 'a', Decision.AcquireLease)]
    [InlineData("ab|c", 'c', Decision.AcquireLeaseLater)]
    [InlineData("a|b", 'a', Decision.AcquireLease)]
    [InlineData("a|b", 'b', Decision.AcquireLeaseLater)]
    public void Larger_side_tries_for_the_lease_first(string sides, char self, object decision) =>
        Assert.Equal(decision, new LeaseMajority(null).Decide(View(sides, self)));

    [Fact]
    public void Exactly_one_side_stays_whatever_the_partition()
    {
        IDowningStrategy[] strategies = [new KeepMajority(null), new KeepOldest(new KeepOldestSettings(true, null)), new KeepOldest(new KeepOldestSettings(false, null))];
        foreach (IDowningStrategy strategy in strategies)
        {
            for (int mask = 1; mask < 63; mask++)
            {
                string left = string.Concat("abcdef".Where((_, i) => (mask & (1 << i)) != 0));
                string right = string.Concat("abcdef".Except(left));
                Decision[] both = [strategy.Decide(View($"{left}|{right}", left[0])), strategy.Decide(View($"{left}|{right}", right[0]))];

                Assert.True(both is [Decision.DownReachable, Decision.DownUnreachable] or [Decision.DownUnreachable, Decision.DownReachable], $"{strategy} {left}|{right}: {both[0]} {both[1]}");
            }
        }
    }

    [Fact]
    public void Only_members_that_are_up_and_have_the_role_count()
    {
        Gossip gossip = Of(
            Member('a', MemberStatus.Up, 1, "store"), Member('b', MemberStatus.Up, 2), Member('c', MemberStatus.Up, 3), Member('d', MemberStatus.Joining), Member('e', MemberStatus.Joining))
            .ChangedBy(Node('a')).Unreachable("a>b a>c a>d a>e");

        Assert.Equal(Decision.DownReachable, new KeepMajority(null).Decide(PartitionView.Of(gossip.At('a'))));
        Assert.Equal(Decision.DownUnreachable, new KeepMajority("store").Decide(PartitionView.Of(gossip.At('a'))));
    }

    [Fact]
    public void Members_on_their_way_out_count_for_nobody()
    {
        Gossip gossip = Of(Member('a', MemberStatus.Up), Member('b', MemberStatus.Down), Member('c', MemberStatus.Exiting)).ChangedBy(Node('a')).Unreachable("a>b a>c");

        Assert.False(PartitionView.Of(gossip.At('a')).IsPartition);
    }

    [Fact]
    public void One_broken_link_takes_one_member()
    {
        // b and c do not hear each other, and a hears both.
        PartitionView view = PartitionView.Of(Up("abc").ChangedBy(Node('a')).SeenByAll().Unreachable("b>c c>b").At('a'));

        Assert.Empty(view.Unreachable);
        Assert.Equal("c", Names(view.BadlyConnected));
        Assert.Equal("c", Names(view.Victims(Decision.DownUnreachable, Node('a'))));
    }

    [Fact]
    public void Member_with_the_most_broken_links_goes()
    {
        PartitionView view = PartitionView.Of(Up("abcd").ChangedBy(Node('a')).SeenByAll().Unreachable("b>a b>c b>d").At('a'));

        Assert.Equal("b", Names(view.BadlyConnected));
    }

    [Fact]
    public void Own_node_is_the_last_that_is_downed()
    {
        Member[] victims = [.. View("ab|cde", 'a').Victims(Decision.DownAll, Node('a'))];

        Assert.Equal(5, victims.Length);
        Assert.Equal(Node('a'), victims[^1].UniqueAddress);
    }

    /// <summary>A partition as a member sees it: all on its side agree, and do not reach those on the others.</summary>
    private static PartitionView View(string sides, char self)
    {
        string[] parts = sides.Split('|');
        string mine = parts.Single(part => part.Contains(self, StringComparison.Ordinal));
        string others = string.Concat(parts.Where(part => part != mine));
        // By age in alphabetical order.
        Gossip gossip = Up(string.Concat((mine + others).Order()));
        string links = string.Join(' ', mine.SelectMany(observer => others.Select(subject => $"{observer}>{subject}")));
        return PartitionView.Of((gossip.Unreachable(links) with { Seen = [.. mine.Select(name => Node(name))] }).At(self));
    }
}
