using System.Collections.Immutable;

namespace Broker.ObjectStore.Metadata;

/// <summary>A topic.</summary>
/// <param name="TopicId">Its id, never reused.</param>
/// <param name="Name">Its name, unique while it exists.</param>
/// <param name="Partitions">The stream of each partition, by its number.</param>
/// <param name="Configs">The settings that differ from the broker's defaults.</param>
/// <param name="IsInternal">Whether it is the broker's own.</param>
public sealed record TopicState(
    Guid TopicId,
    string Name,
    ImmutableArray<StreamId> Partitions,
    ImmutableSortedDictionary<string, string> Configs,
    bool IsInternal);

/// <summary>An epoch of a stream's leaders and the offset of the first record that may be of it.</summary>
public readonly record struct EpochStart(LeaderEpoch Epoch, Offset StartOffset);

/// <summary>A stream (a partition's log) as far as it is uploaded.</summary>
/// <param name="StreamId">Its id.</param>
/// <param name="TopicId">Whose partition.</param>
/// <param name="Partition">Which.</param>
/// <param name="Leader">Who opened it last; <see cref="NodeId.None"/> before the first opening.</param>
/// <param name="Epoch">The epoch of that opening; <see cref="LeaderEpoch.None"/> before the first.</param>
/// <param name="EpochHistory">Rising epochs with their start offsets, as far back as records are kept.</param>
/// <param name="StartOffset">The first offset that readers may see.</param>
/// <param name="EndOffset">The offset after the last uploaded record.</param>
/// <param name="CleanedEnd">Of a compacted topic: before it no key has more than one record. Zero before the first cleaning.</param>
/// <param name="Ranges">
/// Contiguous, in the order of offsets, ending at <paramref name="EndOffset"/>; the first may begin before the start. If all records are trimmed, the newest
/// stays for its state, if it has one, until another takes its place: <see cref="DeadRange"/>.
/// </param>
/// <param name="Wal">The write-ahead log of its epoch; <see cref="WalId.None"/>: nobody leads it, or a build opened it that did not say.</param>
/// <param name="PendingWals">Logs of earlier epochs that may hold records of it which are not uploaded, in the order of these epochs.</param>
public sealed record StreamState(
    StreamId StreamId,
    Guid TopicId,
    int Partition,
    NodeId Leader,
    LeaderEpoch Epoch,
    ImmutableArray<EpochStart> EpochHistory,
    Offset StartOffset,
    Offset EndOffset,
    Offset CleanedEnd,
    ImmutableList<ObjectRange> Ranges,
    WalId Wal,
    ImmutableArray<WalId> PendingWals)
{
    /// <summary>Whether all that was acknowledged before the present epoch is uploaded.</summary>
    public bool IsUploadedToEpoch => EpochHistory.IsEmpty || EndOffset >= EpochHistory[^1].StartOffset;

    /// <summary>The only range left, none of whose records readers may see; null where there are some, or nothing.</summary>
    public ObjectRange? DeadRange => Ranges is [.., var newest] && newest.EndOffset <= StartOffset ? newest : null;

    internal static StreamState New(StreamId id, Guid topicId, int partition)
        => new(id, topicId, partition, NodeId.None, LeaderEpoch.None, [], Offset.Zero, Offset.Zero, Offset.Zero, [], WalId.None, []);

    /// <summary>The range that holds <paramref name="offset"/>, or null when it is trimmed or not uploaded. O(log² n).</summary>
    public ObjectRange? FindRange(Offset offset)
    {
        if (offset < StartOffset)
        {
            return null;
        }

        int index = IndexOfFirst(range => range.EndOffset > offset);
        return index < Ranges.Count && Ranges[index].BaseOffset <= offset ? Ranges[index] : null;
    }

    /// <summary>
    /// The first range whose greatest timestamp is at least <paramref name="timestampMs"/>, or null. Timestamps need not rise, so this looks at
    /// each range in turn.
    /// </summary>
    public ObjectRange? FindRangeByTimestamp(long timestampMs)
    {
        foreach (ObjectRange range in Ranges)
        {
            if (range.Range.MaxTimestampMs >= timestampMs && range.EndOffset > StartOffset)
            {
                return range;
            }
        }

        return null;
    }

    /// <summary>How many ranges, from the first on, do not satisfy a condition that, once true, stays true.</summary>
    internal int IndexOfFirst(Func<ObjectRange, bool> condition)
    {
        int low = 0;
        int high = Ranges.Count;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            if (condition(Ranges[middle]))
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }
}

/// <summary>An object that streams refer to.</summary>
/// <param name="ObjectId">Its id.</param>
/// <param name="Key">Its name in the store.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="SizeBytes">Its length.</param>
/// <param name="CreatedMs">When it was uploaded, in milliseconds since 1970.</param>
/// <param name="References">How many ranges of streams lie in it; at least 1.</param>
/// <param name="Store">Under whose prefix it lies; "" = this cluster's own.</param>
public sealed record ObjectState(
    ObjectId ObjectId, ObjectKey Key, ObjectKind Kind, long SizeBytes, long CreatedMs, int References, string Store);

/// <summary>A write-ahead log that may hold what is acknowledged and not uploaded.</summary>
/// <param name="WalId">Which log.</param>
/// <param name="Node">Whose.</param>
/// <param name="Host">The machine that it was last used on.</param>
/// <param name="Path">Its folder there, or <see cref="BucketScheme"/> and its prefix in the object store.</param>
/// <param name="SinceMs">When that node last started with it, in milliseconds since 1970.</param>
/// <param name="IsFenced">Whether nobody can append to it any more.</param>
public sealed record AttachedWal(WalId WalId, NodeId Node, string Host, string Path, long SinceMs, bool IsFenced = false)
{
    /// <summary>How a <see cref="Path"/> in the object store begins; all others are folders' absolute paths.</summary>
    public const string BucketScheme = "bucket:";

    /// <summary>Whether the log lies in the object store.</summary>
    public bool IsInBucket => Path.StartsWith(BucketScheme, StringComparison.Ordinal);
}

/// <summary>An object that no stream refers to any more: to be deleted from the store, some time after <paramref name="SinceMs"/>.</summary>
public sealed record DeletableObject(ObjectId ObjectId, ObjectKey Key, long SizeBytes, long SinceMs, string Store);

/// <summary>Where a node is met.</summary>
/// <param name="ClusterAddress">By other nodes: <c>HOST:PORT</c>.</param>
/// <param name="Rack">As clients are told; "" = none.</param>
/// <param name="Endpoints">By clients.</param>
public sealed record NodePlace(string ClusterAddress, string Rack, IReadOnlyList<NodeEndpoint> Endpoints);

/// <summary>An advertised listener of a node.</summary>
public sealed record NodeEndpoint(string Listener, string Protocol, string Host, int Port);

/// <summary>A node that clients may be sent to.</summary>
public sealed record LiveNode(NodeId NodeId, long Epoch, NodePlace Place);
