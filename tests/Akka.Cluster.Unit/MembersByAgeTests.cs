using Akka.Cluster.Tools.Singleton;
using static Akka.Cluster.Unit.Fixtures;

namespace Akka.Cluster.Unit;

/// <summary>Who is to have a singleton, and who may still have it.</summary>
public sealed class MembersByAgeTests
{
    private readonly MembersByAge _members = new(role: null);

    [Fact]
    public void Oldest_is_the_first_that_became_up_and_not_the_first_by_address()
    {
        _members.Set([Member('a', MemberStatus.Up, 2), Member('b', MemberStatus.Up, 1), Member('c', MemberStatus.Joining)]);

        Assert.Equal(Node('b'), _members.Oldest?.UniqueAddress);
    }

    [Fact]
    public void Leaving_member_is_still_the_oldest_and_an_exiting_one_is_going()
    {
        Member b = Member('b', MemberStatus.Up, 2);
        _members.Set([Member('a', MemberStatus.Leaving, 1), b]);
        Assert.Equal(Node('a'), _members.Oldest?.UniqueAddress);

        _members.Apply(new ClusterEvent.MemberExited(Member('a', MemberStatus.Exiting, 1)));

        Assert.Equal(b, _members.Oldest);
        Assert.Equal("a", Names(_members.GoingBefore(b)));
    }

    [Fact]
    public void Downed_member_is_going_until_it_is_removed()
    {
        Member b = Member('b', MemberStatus.Up, 2);
        _members.Set([Member('a', MemberStatus.Down, 1), b]);
        Assert.Equal("a", Names(_members.GoingBefore(b)));

        _members.Apply(new ClusterEvent.MemberRemoved(Member('a', MemberStatus.Removed, 1), MemberStatus.Down));

        Assert.Equal("", Names(_members.GoingBefore(b)));
    }

    [Fact]
    public void Nobody_waits_for_who_is_younger_or_was_never_up()
    {
        Member b = Member('b', MemberStatus.Up, 2);
        Member neverUp = Akka.Cluster.Member.Create(Node('c'), Akka.Cluster.Member.NotUpYet, MemberStatus.Down, [], Util.AppVersion.Zero);
        _members.Set([b, neverUp, Member('d', MemberStatus.Exiting, 3)]);

        Assert.Equal("", Names(_members.GoingBefore(b)));
    }

    [Fact]
    public void Members_without_the_role_do_not_count()
    {
        MembersByAge stores = new("store");
        stores.Set([Member('a', MemberStatus.Up, 1), Member('b', MemberStatus.Up, 2, "store")]);

        Assert.Equal(Node('b'), stores.Oldest?.UniqueAddress);
        Assert.Null(stores.Find(Node('a')));
    }
}
