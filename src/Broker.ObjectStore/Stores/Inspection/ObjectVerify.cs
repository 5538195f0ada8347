using Broker.ObjectStore.Compaction;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;

namespace Broker.ObjectStore.Inspection;

/// <summary>Holds one object against the metadata. Reads only. Used once.</summary>
/// <param name="store">Where it lies.</param>
/// <param name="image">The metadata.</param>
/// <param name="item">The object.</param>
/// <param name="ranges">What streams have in it.</param>
/// <param name="readsBlocks">Whether blocks and states are read.</param>
internal sealed class ObjectVerify(IObjectStore store, MetadataImage image, ObjectState item, IReadOnlyList<StreamRange> ranges, bool readsBlocks)
{
    // A GET's worth.
    private const int ReadBytes = 8 << 20;

    private readonly List<string> _lost = [];
    private string? _problem;

    /// <summary>How many of the ranges were looked at.</summary>
    public long Ranges { get; private set; }

    /// <summary>Blocks that were read, damaged ones too.</summary>
    public long Blocks { get; private set; }

    /// <summary>Their bytes.</summary>
    public long BlockBytes { get; private set; }

    /// <summary>What is wrong with it, and which records that concerns: those of damaged blocks, or all of it where nothing can be found in it. Null: nothing.</summary>
    /// <exception cref="StorageException">Unavailable.</exception>
    public async ValueTask<StoreFault?> RunAsync(StreamObjectReader reader, CancellationToken ct)
    {
        try
        {
            if (MismatchOf(await reader.OpenAsync(item.Key, ct)) is { } mismatch)
            {
                return All(mismatch);
            }

            await ReadRangesAsync([.. ranges.OrderBy(range => range.IndexPosition)], ct);
            return _problem is null ? null : new StoreFault(item.Key, _problem, _lost);
        }
        catch (StorageException fault) when (IsDamage(fault))
        {
            return All(fault.Message);
        }
    }

    private static bool IsDamage(StorageException fault) => fault.Kind is StorageErrorKind.NotFound or StorageErrorKind.Corrupt or StorageErrorKind.Invalid;

    private StoreFault All(string problem) =>
        new(item.Key, problem, [.. ranges.Select(range => StoreVerify.Describe(image, range.Stream, range.BaseOffset, range.EndOffset - 1))]);

    private string? MismatchOf(StreamObjectInfo info)
    {
        if (info.SizeBytes != item.SizeBytes || info.Kind != item.Kind)
        {
            return $"it has {info.SizeBytes} bytes and is a {info.Kind} object; by the metadata it has {item.SizeBytes} and is a {item.Kind} object";
        }

        HashSet<(StreamId, Offset, Offset, long)> sections = [.. info.Sections.Select(section => (section.Stream, section.BaseOffset, section.EndOffset, section.IndexPosition))];
        return ranges.FirstOrDefault(range => !sections.Contains((range.Stream, range.BaseOffset, range.EndOffset, range.IndexPosition))) is { } missing
            ? $"it has no section of {missing.Stream} from offset {missing.BaseOffset} to {missing.EndOffset} with its index at byte {missing.IndexPosition}"
            : null;
    }

    private async Task ReadRangesAsync(IReadOnlyList<StreamRange> inOrder, CancellationToken ct)
    {
        SourceReader source = await SourceReader.OpenAsync(store, item, inOrder, ReadBytes, (_, _) => Task.CompletedTask, ct);
        foreach (StreamRange range in inOrder)
        {
            SectionIndex index = source.IndexOf(range);
            if (index.Count > 0 && (index[0].BaseOffset < range.BaseOffset || index[index.Count - 1].LastOffset >= range.EndOffset))
            {
                throw ObjectFormat.Corrupt(item.Key, $"the blocks of {range.Stream} reach from {index[0].BaseOffset} to {index[index.Count - 1].LastOffset}, beyond the range from {range.BaseOffset} to {range.EndOffset}");
            }

            if (readsBlocks)
            {
                await ReadSectionAsync(source, range, index, ct);
            }

            Ranges++;
        }
    }

    private async Task ReadSectionAsync(SourceReader source, StreamRange range, SectionIndex index, CancellationToken ct)
    {
        for (int i = 0; i < index.Count; i++)
        {
            IndexEntry block = index[i];
            await TryAsync(() => source.ReadBlockAsync(block, ct), () => StoreVerify.Describe(image, range.Stream, block.BaseOffset, block.LastOffset));
            Blocks++;
            BlockBytes += block.SizeBytes;
        }

        await TryAsync(() => source.ReadStateAsync(range, ct), () => $"{StoreVerify.Name(image, range.Stream)}: what is known of its producers");
    }

    private async Task TryAsync(Func<ValueTask<ReadOnlyMemory<byte>>> read, Func<string> describe)
    {
        try
        {
            await read();
        }
        catch (StorageException fault) when (IsDamage(fault))
        {
            _problem ??= fault.Message;
            _lost.Add(describe());
        }
    }
}
