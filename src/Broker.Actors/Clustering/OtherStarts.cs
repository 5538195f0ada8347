using Akka.Cluster;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Clustering;

/// <summary>
/// The other nodes' starts, as a start asks them whether they are there: those that are registered, and those whose registration is lost or damaged and that the metadata name. What the metadata
/// say is read after each claim of this start: whoever begins a cluster later takes the place of the first from that claim first.
/// </summary>
/// <param name="cluster">This node's.</param>
/// <param name="registry">The cluster's.</param>
/// <param name="readMetadata">Reads the cluster's metadata as they are in the bucket, and takes nothing over.</param>
/// <param name="entry">Of this start.</param>
/// <param name="log">Where it tells of those that it leaves out.</param>
internal sealed class OtherStarts(Cluster cluster, NodeRegistry registry, Func<CancellationToken, ValueTask<MetadataImage>> readMetadata, NodeEntry entry, ILogger log)
{
    private readonly StartProbe _probe = new(cluster);
    // Registrations of nodes that are not seen from here.
    private IReadOnlyList<ObjectKey> _unreadable = [];

    // Starts that were said to use another bucket.
    private readonly HashSet<Guid> _foreign = [];

    // The nodes that may live, and where; null: nobody has looked.
    private Dictionary<NodeId, string>? _living;

    /// <summary>Tells which of them use this bucket.</summary>
    public SharedBucket Bucket { get; } = new(new StartProbe(cluster), registry, entry);

    /// <summary>Whether there are registrations that cannot be read: whose they are may live.</summary>
    public bool AreUnreadable => _unreadable.Count > 0;

    /// <summary>Whom the metadata take for living counts from now on.</summary>
    /// <exception cref="StorageException">As the store says; Corrupt.</exception>
    public async ValueTask LearnWhoLivesAsync(CancellationToken cancellation) =>
        _living = (await readMetadata(cancellation)).LiveNodes.ToDictionary(node => node.Key, node => node.Value.Place.ClusterAddress);

    /// <summary>Asks all. Those of a cluster on another bucket, as when this one is a copy of theirs, are none of this cluster, and left out.</summary>
    /// <returns>Each with what answers at its address; null: nothing does.</returns>
    /// <exception cref="StorageException">As the store says.</exception>
    public async Task<IReadOnlyCollection<(NodeEntry Entry, StartIsHere? Here)>> AskAsync(CancellationToken cancellation)
    {
        (IReadOnlyList<NodeEntry> nodes, IReadOnlyList<ObjectKey> unreadable) = await registry.ListAsync(cancellation);
        TellOfUnreadable(unreadable);
        (NodeEntry Entry, StartIsHere? Here)[] asked = await Task.WhenAll(
        [
            .. nodes.Where(other => other.Node != entry.Node).Select(async other => (other, await _probe.AskAsync(other.Address, cancellation))),
            .. Unregistered(nodes).Select(other => AskUnregisteredAsync(other, cancellation)),
        ]);
        (NodeEntry Entry, StartIsHere? Here, bool? Shares)[] all = await Task.WhenAll(asked.Select(async other =>
        {
            bool? shares = other.Here?.Incarnation == other.Entry.Incarnation ? await Bucket.IsOfAsync(_probe.AddressOf(other.Entry.Address), cancellation) : true;
            return (other.Entry, shares is null ? null : other.Here, shares);
        }));
        foreach ((NodeEntry foreign, _, _) in all.Where(other => other.Shares == false && _foreign.Add(other.Entry.Incarnation)))
        {
            OtherStartsLog.Foreign(log, foreign.Node.Value, foreign.Address);
        }

        return [.. all.Where(other => other.Shares != false).Select(other => (other.Entry, other.Here))];
    }

    /// <summary>
    /// Those that may live. A node that a coordinator has seen die, and that never came back, stays registered: nobody waits for it. But whose place was taken may have begun its cluster, and not be in the
    /// metadata yet.
    /// </summary>
    /// <param name="silent">Of which nothing is heard.</param>
    /// <param name="displaced">Whose place as the first this start has taken.</param>
    public IReadOnlyList<NodeEntry> WithoutGone(IReadOnlyList<NodeEntry> silent, NodeId? displaced) =>
        _living is null ? silent : [.. silent.Where(other => _living.ContainsKey(other.Node) || other.Node == displaced)];

    private IEnumerable<(NodeId Node, string Address)> Unregistered(IReadOnlyList<NodeEntry> registered) => _living is null
        ? []
        : _living.Where(node => node.Key != entry.Node && node.Value.Length > 0 && registered.All(other => other.Node != node.Key)).Select(node => (node.Key, node.Value));

    // It is registered under no incarnation that could be compared: who says that it is this node at this address is it.
    private async Task<(NodeEntry Entry, StartIsHere? Here)> AskUnregisteredAsync((NodeId Node, string Address) other, CancellationToken cancellation)
    {
        StartIsHere? here = await _probe.AskAsync(other.Address, cancellation);
        return (new NodeEntry(other.Node, here?.Node == other.Node ? here.Incarnation : Guid.Empty, other.Address, WrittenMs: 0), here);
    }

    // Whose they are may live: they are waited for as nodes of which nothing is heard.
    private void TellOfUnreadable(IReadOnlyList<ObjectKey> unreadable)
    {
        foreach (ObjectKey key in unreadable.Where(key => !_unreadable.Contains(key)))
        {
            OtherStartsLog.Unreadable(log, key.ToString());
        }

        _unreadable = unreadable;
    }
}

internal static partial class OtherStartsLog
{
    [LoggerMessage(EventId = 5408, EventName = "ClusterForeign", Level = LogLevel.Warning, Message = "Node {Node} at {Address} is registered in this bucket, lives, and uses another one: this bucket is a copy of its own, or was moved. This node does not join it")]
    public static partial void Foreign(ILogger log, int node, string address);

    [LoggerMessage(EventId = 5409, EventName = "ClusterEntryUnreadable", Level = LogLevel.Error, Message = "'{Key}' in the object store, by which a node is found, is damaged, or a newer build's: the node is looked for where the metadata say. If it is damaged, delete it; the node whose it is leaves another one when it starts")]
    public static partial void Unreadable(ILogger log, string key);
}
