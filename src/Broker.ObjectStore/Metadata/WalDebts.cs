namespace Broker.ObjectStore.Metadata;

/// <summary>
/// Which write-ahead logs still matter to whom, as pure functions of the metadata:
/// <list type="number">
/// <item>L1. Before a stream is opened, each log that may hold records of it which are not uploaded is read, in the order of the epochs that wrote them.</item>
/// <item>L2. A log that is fenced is released when no stream needs it any more, and not before.</item>
/// </list>
/// </summary>
public static class WalDebts
{
    /// <summary>The logs that whoever opens the stream has to read first (L1), but <paramref name="own"/>, which its owner reads at its start. All of them have to be fenced by then.</summary>
    public static IReadOnlyList<WalId> Before(MetadataImage image, StreamState stream, WalId own)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(stream);
        return Before(stream, own, image.Wals.Keys, image.Wals.ContainsKey);
    }

    /// <summary>The logs that may be released (L2).</summary>
    public static IReadOnlyList<WalId> Paid(MetadataImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        HashSet<WalId> fenced = [.. image.Wals.Values.Where(wal => wal.IsFenced).Select(wal => wal.WalId)];
        foreach (StreamState stream in image.Streams.Values)
        {
            if (fenced.Count == 0)
            {
                break;
            }

            fenced.ExceptWith(Before(image, stream, WalId.None));
        }

        return [.. fenced.Order()];
    }

    internal static WalId[] Before(StreamState stream, WalId own, IEnumerable<WalId> attached, Func<WalId, bool> isAttached)
    {
        IEnumerable<WalId> last = stream switch
        {
            { Leader: var leader } when leader == NodeId.None => [],
            { Wal: var wal } when wal == WalId.None => attached,
            _ => [stream.Wal],
        };
        return [.. stream.PendingWals.Concat(last).Distinct().Where(wal => wal != own && isAttached(wal))];
    }
}
