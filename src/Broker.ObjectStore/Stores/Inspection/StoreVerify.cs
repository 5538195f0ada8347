using System.Runtime.CompilerServices;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Compaction;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;

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
    // A GET's worth; one object is read at a time.
    private const int ReadBytes = 8 << 20;

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
        List<(ObjectState Item, string Problem)> suspects = [];
        foreach (ObjectState item in image.Objects.Values.OrderBy(item => item.ObjectId))
        {
            string? problem = await ProblemAsync(item, [.. ranges[item.ObjectId]], reader, ct);
            Totals = Totals with { Objects = Totals.Objects + 1, ObjectBytes = Totals.ObjectBytes + item.SizeBytes };
            if (problem is not null)
            {
                suspects.Add((item, problem));
            }
        }

        IReadOnlyList<AttachedWal> suspectLogs = await SuspectLogsAsync(image, ct);
        MetadataImage now = await CountUnknownAsync(ct);
        foreach ((ObjectState item, string problem) in suspects.Where(suspect => now.Objects.ContainsKey(suspect.Item.ObjectId)))
        {
            yield return new StoreFault(item.Key, problem, [.. ranges[item.ObjectId].Select(range => Describe(image, range.Stream, range.BaseOffset, range.EndOffset - 1))]);
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
    internal static string Describe(MetadataImage image, StreamId id, Offset first, Offset last)
    {
        StreamState stream = image.FindStream(id)!;
        return $"{image.FindTopic(stream.TopicId)!.Name}-{stream.Partition}: offsets {first} to {last}";
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

    private async Task<string?> ProblemAsync(ObjectState item, List<StreamRange> ranges, StreamObjectReader reader, CancellationToken ct)
    {
        try
        {
            StreamObjectInfo info = await reader.OpenAsync(item.Key, ct);
            if (info.SizeBytes != item.SizeBytes || info.Kind != item.Kind)
            {
                return $"it has {info.SizeBytes} bytes and is a {info.Kind} object; by the metadata it has {item.SizeBytes} and is a {item.Kind} object";
            }

            HashSet<(StreamId, Offset, Offset, long)> sections = [.. info.Sections.Select(section => (section.Stream, section.BaseOffset, section.EndOffset, section.IndexPosition))];
            if (ranges.Find(range => !sections.Contains((range.Stream, range.BaseOffset, range.EndOffset, range.IndexPosition))) is { } missing)
            {
                return $"it has no section of {missing.Stream} from offset {missing.BaseOffset} to {missing.EndOffset} with its index at byte {missing.IndexPosition}";
            }

            await ReadRangesAsync(item, ranges, ct);
            return null;
        }
        catch (StorageException fault) when (fault.Kind is StorageErrorKind.NotFound or StorageErrorKind.Corrupt or StorageErrorKind.Invalid)
        {
            return fault.Message;
        }
    }

    private async Task ReadRangesAsync(ObjectState item, List<StreamRange> ranges, CancellationToken ct)
    {
        ranges.Sort((left, right) => left.IndexPosition.CompareTo(right.IndexPosition));
        SourceReader source = await SourceReader.OpenAsync(store, item, ranges, ReadBytes, (_, _) => Task.CompletedTask, ct);
        foreach (StreamRange range in ranges)
        {
            SectionIndex index = source.IndexOf(range);
            for (int i = 0; i < index.Count && readsBlocks; i++)
            {
                await source.ReadBlockAsync(index[i], ct);
                Totals = Totals with { Blocks = Totals.Blocks + 1, BlockBytes = Totals.BlockBytes + index[i].SizeBytes };
            }

            if (readsBlocks)
            {
                await source.ReadStateAsync(range, ct);
            }

            if (index.Count > 0 && (index[0].BaseOffset < range.BaseOffset || index[index.Count - 1].LastOffset >= range.EndOffset))
            {
                throw ObjectFormat.Corrupt(item.Key, $"the blocks of {range.Stream} reach from {index[0].BaseOffset} to {index[index.Count - 1].LastOffset}, beyond the range from {range.BaseOffset} to {range.EndOffset}");
            }

            Totals = Totals with { Ranges = Totals.Ranges + 1 };
        }
    }

    /// <summary>Counts what streams do not refer to; returns the metadata as they are now. They are read after the listing: so they know what was committed during it.</summary>
    private async Task<MetadataImage> CountUnknownAsync(CancellationToken ct)
    {
        List<ObjectInfo> listed = [];
        await foreach (ObjectInfo item in store.ListAsync(DataKeys.Prefix, null, ct))
        {
            listed.Add(item);
        }

        MetadataImage image = await MetadataLog.ReadAsync(store, metadata, ct);
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
