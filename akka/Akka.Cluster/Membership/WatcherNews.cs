using Akka.Remote.Watch;

namespace Akka.Cluster;

/// <summary>What the watcher of other nodes' actors is told when the members change. Pure.</summary>
internal static class WatcherNews
{
    /// <summary>
    /// Who is gone, then who has joined: the watcher knows members by their addresses, and one that has started anew at its address may take the place of its former run within one gossip.
    /// </summary>
    /// <param name="before">What was known.</param>
    /// <param name="now">What is known now.</param>
    /// <param name="self">This node, whose own actors are not watched that way.</param>
    public static IEnumerable<object> Between(Gossip before, Gossip now, UniqueAddress self) =>
    [
        .. before.Members.Where(member => !now.HasMember(member.UniqueAddress)).Select(gone => new RemoteWatcher.NodeGone(gone.Address, gone.UniqueAddress.Uid)),
        .. now.Members.Where(member => member.UniqueAddress != self && !before.HasMember(member.UniqueAddress)).Select(joined => new RemoteWatcher.NodeJoined(joined.Address)),
    ];
}
