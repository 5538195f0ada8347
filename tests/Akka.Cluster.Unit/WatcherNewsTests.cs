using Akka.Remote.Watch;
using Akka.Util;
using static Akka.Cluster.Unit.Fixtures;

namespace Akka.Cluster.Unit;

public sealed class WatcherNewsTests
{
    [Fact]
    public void Others_that_join_and_that_are_gone_are_told_of()
    {
        Assert.Equal([new RemoteWatcher.NodeGone(Node('c').Address, 1), new RemoteWatcher.NodeJoined(Node('d').Address)], WatcherNews.Between(Up("abc"), Up("abd"), Node('a')));
        Assert.Equal([new RemoteWatcher.NodeJoined(Node('b').Address)], WatcherNews.Between(Gossip.Empty, Up("ab"), Node('a')));
        Assert.Empty(WatcherNews.Between(Up("ab"), Up("ab"), Node('a')));
    }

    // The watcher forgets the address with the former run: told the other way round, it would not count the next one as a member.
    [Fact]
    public void Node_that_takes_the_place_of_its_former_run_within_one_gossip_is_gone_first()
    {
        UniqueAddress next = Node('b', uid: 2);
        Gossip now = Of(Member('a', MemberStatus.Up), Akka.Cluster.Member.Create(next, 2, MemberStatus.Up, [], AppVersion.Zero));

        Assert.Equal([new RemoteWatcher.NodeGone(next.Address, 1), new RemoteWatcher.NodeJoined(next.Address)], WatcherNews.Between(Up("ab"), now, Node('a')));
    }
}
