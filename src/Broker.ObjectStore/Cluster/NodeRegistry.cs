using System.Buffers;
using System.Globalization;

namespace Broker.ObjectStore.Cluster;

/// <summary>
/// How nodes find each other with nothing but the bucket: each start of a node leaves its address, and one of them is named as the first, whom the others join. It decides who
/// meets whom, and nothing else: who may do what is fenced elsewhere.
/// <list type="number">
/// <item>J1. A node's entry is replaced by who has seen it, and by nobody who has not: of two starts of one node that come at the same time one is told that there is another.</item>
/// <item>J2. At any time one start is the first, and it is replaced by one conditional PUT: of those who find it dead one takes its place.</item>
/// </list>
/// No state of its own.
/// </summary>
public sealed class NodeRegistry
{
    private const string NodePrefix = "cluster/nodes/";
    private static readonly ObjectKey FirstKey = new("cluster/first");
    private readonly IObjectStore _store;

    /// <param name="store">The cluster's.</param>
    public NodeRegistry(IObjectStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
    }

    /// <summary>All nodes that ever registered and did not leave, by id, and the entries that cannot be read, since they are damaged or a newer build's: their nodes may live.</summary>
    /// <exception cref="StorageException">As the store says.</exception>
    public async ValueTask<(IReadOnlyList<NodeEntry> Nodes, IReadOnlyList<ObjectKey> Unreadable)> ListAsync(CancellationToken ct)
    {
        List<NodeEntry> nodes = [];
        List<ObjectKey> unreadable = [];
        await foreach (ObjectInfo info in _store.ListAsync(NodePrefix, null, ct))
        {
            try
            {
                if (await ReadAsync(info.Key, ct) is var (entry, _))
                {
                    nodes.Add(entry);
                }
            }
            catch (StorageException damage) when (damage.Kind is StorageErrorKind.Corrupt or StorageErrorKind.Invalid)
            {
                unreadable.Add(info.Key);
            }
        }

        return ([.. nodes.OrderBy(entry => entry.Node)], unreadable);
    }

    /// <summary>The etag of a node's entry, whatever it holds; null: there is none.</summary>
    public async ValueTask<string?> FindETagAsync(NodeId node, CancellationToken ct) => (await _store.HeadAsync(KeyOf(node), ct))?.ETag;

    /// <summary>The entry of a node, and its etag; null: there is none.</summary>
    public ValueTask<(NodeEntry Entry, string ETag)?> FindAsync(NodeId node, CancellationToken ct) => ReadAsync(KeyOf(node), ct);

    /// <summary>Puts a node's entry in the place of the one that was seen (J1).</summary>
    /// <param name="entry">Of the start that writes it.</param>
    /// <param name="seen">The etag of the entry that was seen; null: there was none.</param>
    /// <param name="ct">Cancels before it is sent.</param>
    /// <returns>False: there is another by now.</returns>
    /// <exception cref="StorageException">Unavailable: nobody knows; look and try again.</exception>
    public ValueTask<bool> RegisterAsync(NodeEntry entry, string? seen, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return WriteAsync(KeyOf(entry.Node), entry, seen, ct);
    }

    /// <summary>Makes a read and a write of a node's entry, the write on the condition that there is none, which fails: nothing changes, and it is known that the store answers this node.</summary>
    /// <exception cref="StorageException">It does not.</exception>
    public async ValueTask TryAsync(NodeEntry entry, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(entry);

        // Without an entry it has left.
        if (await FindETagAsync(entry.Node, ct) is not null)
        {
            PutResult result = await _store.PutAsync(KeyOf(entry.Node), new ReadOnlySequence<byte>(entry.Encode()), PutCondition.IfAbsent.WithWriteId(entry.Incarnation), ct);
            if (result.Outcome == PutOutcome.Unknown)
            {
                throw new StorageException(StorageErrorKind.Unavailable, $"the store does not say whether '{KeyOf(entry.Node)}' was written", result.Cause);
            }
        }
    }

    /// <summary>Removes the entry of a start that ends. That of a later one stays.</summary>
    /// <exception cref="StorageException">Unavailable: it may be there yet, to no harm.</exception>
    public async ValueTask LeaveAsync(NodeEntry entry, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (await FindAsync(entry.Node, ct) is var (found, _) && found.Incarnation == entry.Incarnation)
        {
            await _store.DeleteAsync(KeyOf(entry.Node), ct);
        }
    }

    /// <summary>Who is the first, and its etag; null: nobody was yet.</summary>
    public ValueTask<(NodeEntry Entry, string ETag)?> FindFirstAsync(CancellationToken ct) => ReadAsync(FirstKey, ct);

    /// <summary>Takes the place of the first that was seen (J2).</summary>
    /// <inheritdoc cref="RegisterAsync"/>
    public ValueTask<bool> TakeFirstAsync(NodeEntry entry, string? seen, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return WriteAsync(FirstKey, entry, seen, ct);
    }

    /// <summary>Makes a start the first again, unless it is: one HEAD as long as nobody takes its place, and one PUT if somebody has.</summary>
    /// <param name="entry">Of the start.</param>
    /// <param name="known">The etag under which it was the first when it looked last; null: it never did.</param>
    /// <param name="ct">Cancels before it is sent.</param>
    /// <exception cref="StorageException">As the store says; look again.</exception>
    public async ValueTask<FirstPlace> KeepFirstAsync(NodeEntry entry, string? known, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(entry);
        string? seen;
        bool isMine;
        if (known is null)
        {
            (NodeEntry Entry, string ETag)? first = await FindFirstAsync(ct);
            (seen, isMine) = (first?.ETag, first?.Entry.Incarnation == entry.Incarnation);
        }
        else
        {
            // Whose it is by now is not read: what counts is that the place is taken back soon.
            seen = (await _store.HeadAsync(FirstKey, ct))?.ETag;
            isMine = seen == known;
        }

        return isMine ? new FirstPlace(seen, false) : new FirstPlace(null, await TakeFirstAsync(entry, seen, ct) && known is not null);
    }

    private static ObjectKey KeyOf(NodeId node) => new(NodePrefix + node.Value.ToString("D10", CultureInfo.InvariantCulture));

    private async ValueTask<(NodeEntry Entry, string ETag)?> ReadAsync(ObjectKey key, CancellationToken ct)
    {
        // HEAD before GET: if it changes in between, the etag is the older one, and a PUT on it fails.
        if (await _store.HeadAsync(key, ct) is not { } info)
        {
            return null;
        }

        try
        {
            return (await SecondLook.ReadAsync(async () => NodeEntry.Decode(key, await _store.GetAsync(key, ByteRange.All, ct))), info.ETag);
        }
        catch (StorageException gone) when (gone.Kind == StorageErrorKind.NotFound)
        {
            return null;
        }
    }

    private async ValueTask<bool> WriteAsync(ObjectKey key, NodeEntry entry, string? seen, CancellationToken ct)
    {
        PutCondition condition = (seen is null ? PutCondition.IfAbsent : PutCondition.IfMatch(seen)).WithWriteId(entry.Incarnation);
        PutResult result = await _store.PutAsync(key, new ReadOnlySequence<byte>(entry.Encode()), condition, ct);
        return result.Outcome switch
        {
            PutOutcome.Written => true,
            PutOutcome.ConditionFailed => false,

            // The entry itself says whose it is.
            _ => await ReadAsync(key, ct) is var (found, _) && found.Incarnation == entry.Incarnation
                ? true
                : throw new StorageException(StorageErrorKind.Unavailable, $"whether '{key}' was written is unknown", result.Cause),
        };
    }
}

/// <summary>How a start found the place of the first.</summary>
/// <param name="ETag">Under which it is the first; null: it has to look again.</param>
/// <param name="IsTakenBack">Another start had taken its place, and has lost it again.</param>
public sealed record FirstPlace(string? ETag, bool IsTakenBack);
