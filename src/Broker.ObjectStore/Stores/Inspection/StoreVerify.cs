using System.Runtime.CompilerServices;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;
using Broker.ObjectStore.Wal;

namespace Broker.ObjectStore.Inspection;

/// <summary>Something that is not as the metadata say.</summary>
/// <param name="Object">The object.</param>
/// <param name="Problem">What is wrong with it.</param>
/// <param name="Lost">Which records of which partitions that concerns, for people: <c>topic-0: offsets 5 to 9</c>.</param>
public sealed record StoreFault(ObjectKey Object, string Problem, IReadOnlyList<string> Lost);

/// <summary>
/// Holds the store against the metadata: that every object that streams refer to is there, as long as it was, with every block, state, index and directory under
/// its checksum, and every range where its stream has it; and that a start can read every slot of the write-ahead logs in the bucket. Reads only, and may run beside a broker: what is replaced and deleted meanwhile is no fault.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="metadata">How the metadata are read.</param>
/// <param name="readsBlocks">Whether blocks and states are read; else only that objects exist, their sizes, and their directories.</param>
public sealed class StoreVerify(IObjectStore store, MetadataLogOptions metadata, bool readsBlocks)
{
    /// <summary>What was looked at so far.</summary>
    public StoreVerifyTotals Totals { get; private set; } = new();

    /// <summary>Looks at one object after the other, and then yields what is wrong with those that are still in use.</summary>
    /// <exception cref="StorageException">Unavailable: the store fails; Corrupt: the metadata themselves cannot be read; NotFound: no cluster has its metadata in the store.</exception>
    public async IAsyncEnumerable<StoreFault> RunAsync([EnumeratorCancellation] CancellationToken ct)
    {
        MetadataImage image = await MetadataLog.ReadAsync(store, metadata, ct);
        if (image.ClusterId.Length == 0)
        {
            throw new StorageException(StorageErrorKind.NotFound, "there is no cluster in this store: it holds no metadata");
        }

        ILookup<ObjectId, StreamRange> ranges = image.Streams.Values.SelectMany(stream => stream.Ranges).ToLookup(range => range.ObjectId, range => range.Range);
        using BlockCache cache = new(new BlockCacheOptions(), new BufferPool(new BufferPoolOptions()));
        StreamObjectReader reader = new(store, cache, new StreamObjectReaderOptions());
        List<(ObjectId Id, StoreFault Fault)> suspects = [];
        foreach (ObjectState item in image.Objects.Values.OrderBy(item => item.ObjectId))
        {
            ObjectVerify verify = new(store, image, item, [.. ranges[item.ObjectId]], readsBlocks);
            if (await verify.RunAsync(reader, ct) is { } fault)
            {
                suspects.Add((item.ObjectId, fault));
            }

            Totals = Totals with
            {
                Objects = Totals.Objects + 1,
                ObjectBytes = Totals.ObjectBytes + item.SizeBytes,
                Ranges = Totals.Ranges + verify.Ranges,
                Blocks = Totals.Blocks + verify.Blocks,
                BlockBytes = Totals.BlockBytes + verify.BlockBytes,
            };
        }

        IReadOnlyList<AttachedWal> suspectLogs = await SuspectLogsAsync(image, ct);
        MetadataImage now = await CountUnknownAsync(ct);
        foreach ((_, StoreFault fault) in suspects.Where(suspect => now.Objects.ContainsKey(suspect.Id)))
        {
            yield return fault;
        }

        // By the metadata of now: what was a fault of a log that was just being made, or of records that were uploaded since, is none.
        foreach (AttachedWal log in suspectLogs.Where(log => now.Wals.ContainsKey(log.WalId)))
        {
            foreach (StoreFault fault in await new WalVerify(store, now, log).RunAsync(ct))
            {
                yield return fault;
            }
        }
    }

    /// <summary>Records in the words of a <see cref="StoreFault"/>.</summary>
    internal static string Describe(MetadataImage image, StreamId id, Offset first, Offset last) => $"{Name(image, id)}: offsets {first} to {last}";

    /// <summary>A stream in the words of a <see cref="StoreFault"/>.</summary>
    internal static string Name(MetadataImage image, StreamId id)
    {
        StreamState stream = image.FindStream(id)!;
        return $"{image.FindTopic(stream.TopicId)!.Name}-{stream.Partition}";
    }

    private async ValueTask<IReadOnlyList<AttachedWal>> SuspectLogsAsync(MetadataImage image, CancellationToken ct)
    {
        List<AttachedWal> suspects = [];
        foreach (AttachedWal log in image.Wals.Values.Where(log => log.IsInBucket))
        {
            WalVerify verify = new(store, image, log);
            if ((await verify.RunAsync(ct)).Count > 0)
            {
                suspects.Add(log);
            }

            Totals = Totals with { Wals = Totals.Wals + 1, WalSlots = Totals.WalSlots + verify.Slots, WalRecords = Totals.WalRecords + verify.Records };
        }

        return suspects;
    }

    /// <summary>Counts what streams and nodes do not refer to; returns the metadata as they are now. They are read after the listings: so they know what was committed during these.</summary>
    private async Task<MetadataImage> CountUnknownAsync(CancellationToken ct)
    {
        List<ObjectInfo> listed = [];
        await foreach (ObjectInfo item in store.ListAsync(DataKeys.Prefix, null, ct))
        {
            listed.Add(item);
        }

        IReadOnlyDictionary<WalId, StoredSlots> logs = await WalRemains.ListAsync(store, ct);
        MetadataImage image = await MetadataLog.ReadAsync(store, metadata, ct);
        foreach ((_, StoredSlots left) in logs.Where(log => !image.Wals.ContainsKey(log.Key)))
        {
            Totals = Totals with { ReleasedWals = Totals.ReleasedWals + 1, ReleasedWalSlots = Totals.ReleasedWalSlots + left.Slots, ReleasedWalBytes = Totals.ReleasedWalBytes + left.Bytes };
        }

        foreach (ObjectInfo item in listed)
        {
            if (DataKeys.TryParse(item.Key, out ObjectId id) && image.DeletableObjects.ContainsKey(id))
            {
                Totals = Totals with { Deletable = Totals.Deletable + 1, DeletableBytes = Totals.DeletableBytes + item.SizeBytes };
            }
            else if (!image.Objects.ContainsKey(id))
            {
                Totals = Totals with { Unknown = Totals.Unknown + 1, UnknownBytes = Totals.UnknownBytes + item.SizeBytes };
            }
        }

        return image;
    }
}
