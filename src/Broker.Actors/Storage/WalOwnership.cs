using System.Globalization;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Storage;

/// <summary>
/// Keeps acknowledged records from being forgotten with the write-ahead log that holds them: the metadata know every log that was not left
/// empty, and a node serves only when the one it brings is the only one of these. (There is one node at a time, so another node's
/// log counts like an earlier one of this node's.)
/// </summary>
/// <param name="Own">The log that this node brings.</param>
/// <param name="Host">On which machine, for whoever looks for it later.</param>
/// <param name="Place">A folder there, or a prefix in the object store (<see cref="WalPlace"/>).</param>
/// <param name="AcceptedLoss">Logs that the operator has given up: <c>wal.disk.accept.loss</c>.</param>
internal sealed record WalOwnership(WalId Own, NodeId Node, string Host, string Place, IReadOnlyList<WalId> AcceptedLoss)
{
    /// <summary>Looks for logs that are missing.</summary>
    /// <exception cref="StorageException">Invalid: there is one, and the operator has not given it up. The message says what to do.</exception>
    public void Check(MetadataImage image) => Check(image.Wals.Values);

    /// <summary>Looks for logs of this node that are missing: those of others are the others' business, and what was fenced is taken over.</summary>
    /// <exception cref="StorageException">As of <see cref="Check(MetadataImage)"/>.</exception>
    public void CheckNode(MetadataImage image) => Check(image.Wals.Values.Where(wal => wal.Node == Node && !wal.IsFenced));

    private void Check(IEnumerable<AttachedWal> wals)
    {
        AttachedWal[] missing = [.. wals.Where(wal => wal.WalId != Own && !AcceptedLoss.Contains(wal.WalId))];
        if (missing.Length > 0)
        {
            throw new StorageException(
                StorageErrorKind.Invalid,
                $"the write-ahead log in '{Place}' ({Own}) is not the one that may hold acknowledged records which are not in the object store yet: "
                + string.Join("; ", missing.Select(Describe))
                + $". Nothing was changed. If a broker still runs with it, stop that one first. Then start with it once ({string.Join("; ", missing.Select(Remedy))}): after a "
                + $"clean stop any will do. Or, if it is gone for good, give up what it alone holds: wal.disk.accept.loss={string.Join(',', missing.Select(wal => wal.WalId))}");
        }
    }

    /// <summary>What makes this node's log the one that counts.</summary>
    public IReadOnlyList<MetadataEvent> Plan(MetadataImage image) =>
    [
        .. GivenUp(image).Select(wal => new WalReleased(wal.WalId, WalReleaseReason.LossAccepted)),
        new WalAttached(Own, Node, Host, Place),
    ];

    /// <summary>The logs that the operator gives up by this start.</summary>
    public IReadOnlyList<AttachedWal> GivenUp(MetadataImage image) => [.. image.Wals.Values.Where(wal => wal.WalId != Own && AcceptedLoss.Contains(wal.WalId))];

    public static string Describe(AttachedWal wal) =>
        $"WAL {wal.WalId} of node {wal.Node}, "
        + (WalPlace.IsInBucket(wal.Path) ? $"in the object store under '{WalPlace.PrefixOf(wal.Path)}', in use by host '{wal.Host}' since " : $"on host '{wal.Host}' in folder '{wal.Path}', in use since ")
        + DateTimeOffset.FromUnixTimeMilliseconds(wal.SinceMs).ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Remedy(AttachedWal wal) =>
        WalPlace.IsInBucket(wal.Path) ? $"wal.kind=bucket, node.id={wal.Node}" : $"wal.kind=disk, wal.disk.path={wal.Path}";
}
