using static Akka.Cluster.Unit.Fixtures;

namespace Akka.Cluster.Unit;

public sealed class GossipTests
{
    [Fact]
    public void Merge_is_the_same_whatever_the_order()
    {
        for (int seed = 1; seed <= 500; seed++)
        {
            Random random = new(seed);
            (Gossip a, Gossip b, Gossip c) = (Fixtures.Random(random), Fixtures.Random(random), Fixtures.Random(random));

            Assert.True(Same(a.Merge(b), b.Merge(a)), $"a+b is not b+a, seed {seed}");
            Assert.True(Same(a.Merge(b).Merge(c), a.Merge(b.Merge(c))), $"(a+b)+c is not a+(b+c), seed {seed}");
            Assert.True(Same(a.Merge(a).Merge(a), a.Merge(a)), $"a+a is more than a, seed {seed}");
        }
    }

    [Fact]
    public void Member_of_two_views_is_as_far_on_its_way_as_in_either()
    {
        Gossip here = Of(Member('a', MemberStatus.Up), Member('b', MemberStatus.Leaving));
        Gossip there = Of(Member('a', MemberStatus.Down), Member('b', MemberStatus.Up));

        Gossip merged = here.Merge(there);

        Assert.Equal(MemberStatus.Down, merged.MemberAt(Node('a'))!.Status);
        Assert.Equal(MemberStatus.Leaving, merged.MemberAt(Node('b'))!.Status);
        Assert.Empty(merged.Seen);
    }

    [Fact]
    public void Removed_member_does_not_come_back_with_an_older_gossip()
    {
        Gossip older = Up("abc").Unreachable("a>c");
        Gossip removed = older.Remove([Node('c')], nowMs: 1).ChangedBy(Node('a'));

        foreach (Gossip merged in new[] { removed.Merge(older.ChangedBy(Node('b'))), older.ChangedBy(Node('b')).Merge(removed) })
        {
            Assert.False(merged.HasMember(Node('c')));
            Assert.True(merged.Reachability.IsReachable(Node('c')));
            Assert.DoesNotContain(Node('c'), merged.Version.Versions.Keys);
        }
    }

    [Fact]
    public void New_run_at_the_address_of_a_removed_member_is_another_member()
    {
        Gossip removed = Up("ab").Remove([Node('b')], nowMs: 1);
        Member anew = Akka.Cluster.Member.Create(Node('b', uid: 2), 5, MemberStatus.Up, [], Akka.Util.AppVersion.Zero);

        Assert.True(removed.Merge(removed.WithMember(anew).ChangedBy(Node('a'))).HasMember(Node('b', uid: 2)));
    }

    [Fact]
    public void Change_is_seen_by_its_maker_only()
    {
        Gossip changed = Up("abc").ChangedBy(Node('b'));

        Assert.Equal("b", Names(changed.Seen));
        Assert.Equal("ab", Names(changed.SeenBy(Node('a')).Seen));
        Assert.Equal("abc", Names(changed.SeenBy(Node('a')).MergeSeen(changed.SeenBy(Node('c'))).Seen));
    }

    [Fact]
    public void Tombstones_go_after_their_time()
    {
        Gossip gossip = Up("abc").Remove([Node('b')], nowMs: 10).Remove([Node('c')], nowMs: 20);

        Assert.Equal("c", Names(gossip.PruneTombstones(removedBeforeMs: 15).Tombstones.Keys));
        Assert.Same(gossip, gossip.PruneTombstones(removedBeforeMs: 5));
    }

    private static bool Same(Gossip x, Gossip y) =>
        x.Members.Select(member => (member, member.Status, member.UpNumber)).SequenceEqual(y.Members.Select(member => (member, member.Status, member.UpNumber)))
        && x.Version.CompareTo(y.Version) == VersionOrder.Same
        && x.Tombstones.Keys.ToHashSet().SetEquals(y.Tombstones.Keys);
}
