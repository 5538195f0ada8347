using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.ObjectStore;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;
using Broker.Wire.Records;

namespace Broker.Actors.Storage;

/// <summary>
/// Reads partitions' records out of the object store: the metadata says which object, its index which block. What sequential readers will ask for
/// next is loaded into the block cache meanwhile.
/// </summary>
internal sealed class HistoryReader(MetadataView metadata, StreamObjectReader objects, ReadAhead readAhead) : IPartitionHistory
{
    public async Task<HistoryRead> ReadAsync(StreamId stream, Offset from, int maxBytes, CancellationToken cancellation)
    {
        HistorySpan span = new(from, maxBytes);
        try
        {
            await FillAsync(span, stream, cancellation);
            if (readAhead.OnRead(stream, from, span.Next, span.Bytes) is { } window)
            {
                // Not awaited: it never fails, and only the cache sees its outcome.
                span.WhenReleased(() => _ = LoadAheadAsync(stream, window));
            }

            return span.ToRead();
        }
        catch
        {
            span.Dispose();
            throw;
        }
    }

    public Task<ReadOnlyMemory<byte>?> FindByTimestampAsync(StreamId stream, long timestampMs, CancellationToken cancellation) =>
        WithCurrentAsync(image => FindByTimestampAsync(image, stream, timestampMs, cancellation));

    private async Task<ReadOnlyMemory<byte>?> FindByTimestampAsync(MetadataImage image, StreamId stream, long timestampMs, CancellationToken cancellation)
    {
        if (image.FindStream(stream) is not { } state)
        {
            return null;
        }

        foreach (ObjectRange range in state.Ranges.Where(r => r.Range.MaxTimestampMs >= timestampMs && r.EndOffset > state.StartOffset))
        {
            if (await FindInRangeAsync(range, image.Objects[range.ObjectId], state.StartOffset, timestampMs, cancellation) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    public long? MaxTimestampMs(StreamId stream) => metadata.Current.FindStream(stream) is { Ranges.IsEmpty: false } state
        ? state.Ranges.Where(range => range.EndOffset > state.StartOffset).Select(range => (long?)range.Range.MaxTimestampMs).Max()
        : null;

    public Offset CleanableEnd(StreamId stream, bool isCompacted) =>
        metadata.Current.FindStream(stream) is { } state && (isCompacted || state.CleanedEnd > Offset.Zero) ? state.EndOffset : Offset.Zero;

    public Task<ReadOnlyMemory<byte>> ReadProducerStateAsync(StreamId stream, CancellationToken cancellation) =>
        WithCurrentAsync(image => ReadProducerStateAsync(image, stream, cancellation));

    private async Task<ReadOnlyMemory<byte>> ReadProducerStateAsync(MetadataImage image, StreamId stream, CancellationToken cancellation)
    {
        if (image.FindStream(stream) is not { Ranges.IsEmpty: false } state || !state.Ranges[^1].Range.HasState)
        {
            return default;
        }

        ObjectRange newest = state.Ranges[^1];
        return await objects.ReadStateAsync(SectionOf(newest, image.Objects[newest.ObjectId]), cancellation);
    }

    /// <summary>
    /// Goes on over the ends of objects, which are no business of the reader's: with many partitions an object holds little of each, and answers that
    /// end with it would be small ones.
    /// </summary>
    private async Task FillAsync(HistorySpan span, StreamId stream, CancellationToken cancellation)
    {
        bool goesOn = await AddAsync(span, stream, cancellation)
            ?? throw new StorageException(StorageErrorKind.NotFound, $"no object holds offset {span.Next} of stream {stream}");
        try
        {
            while (goesOn && span.RoomBytes > 0)
            {
                goesOn = await AddAsync(span, stream, cancellation) ?? false;
            }
        }
        catch (StorageException) when (span.Bytes > 0)
        {
            // The reader gets what there is; its next read begins at the fault, and is told.
        }
    }

    /// <summary>Adds what the next object has; null when there is none, false when not all of it found room.</summary>
    private Task<bool?> AddAsync(HistorySpan span, StreamId stream, CancellationToken cancellation) => WithCurrentAsync<bool?>(async image =>
        image.FindRange(stream, span.Next) is var (range, found)
            ? span.Add(await NamedAsync(range, () => objects.ReadAsync(SectionOf(range, found), span.Next, span.RoomBytes, cancellation)), range.EndOffset)
            : null);

    /// <summary>Of what is lost as a whole, an object or the index of a section, only the metadata know which offsets it held: a consumer has to seek beyond them.</summary>
    private static async ValueTask<T> NamedAsync<T>(ObjectRange range, Func<ValueTask<T>> read)
    {
        try
        {
            return await read();
        }
        catch (StorageException lost) when (lost.Kind == StorageErrorKind.NotFound || lost is DamagedSectionException)
        {
            throw new UnreadableOffsetsException(lost.Kind, $"offsets {range.BaseOffset} to {range.EndOffset - 1} cannot be read: {lost.Message}", range.EndOffset, lost);
        }
    }

    /// <summary>
    /// Reads by the current metadata, and again when an object was gone that newer metadata have replaced: a slow reader may be overtaken by compaction and the
    /// deletion that follows it.
    /// </summary>
    private async Task<T> WithCurrentAsync<T>(Func<MetadataImage, Task<T>> read)
    {
        while (true)
        {
            MetadataImage image = metadata.Current;
            try
            {
                return await read(image);
            }
            catch (StorageException gone) when (gone.Kind == StorageErrorKind.NotFound)
            {
                // Each turn takes a commit that came in between. Without one the object is lost, which is damage: its offsets were not moved out of range.
                if (metadata.Current.Version == image.Version)
                {
                    string problem = $"{gone.Message}, though the metadata refer to it";
                    throw gone is UnreadableOffsetsException unreadable
                        ? new UnreadableOffsetsException(StorageErrorKind.Corrupt, problem, unreadable.End, gone)
                        : new StorageException(StorageErrorKind.Corrupt, problem, gone);
                }
            }
        }
    }

    private async Task LoadAheadAsync(StreamId stream, ReadAheadWindow window)
    {
        Offset from = window.From;
        long loadedBytes = 0;
        try
        {
            while (loadedBytes < window.Bytes && metadata.Current.FindRange(stream, from) is { } found)
            {
                (long bytes, Offset next) = await objects.LoadAheadAsync(
                    SectionOf(found.Range, found.Object), from, (int)(window.Bytes - loadedBytes), CancellationToken.None);
                loadedBytes += bytes;
                from = bytes > 0 ? next : found.Range.EndOffset;
            }
        }
        catch (Exception error) when (error is StorageException or ObjectDisposedException or OperationCanceledException)
        {
            // Nobody asked for this: whoever asks meets the error itself, and is told.
        }
        finally
        {
            readAhead.Complete(window, from, loadedBytes);
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>?> FindInRangeAsync(ObjectRange range, ObjectState @object, Offset logStart, long timestampMs, CancellationToken cancellation)
    {
        SectionLocation section = SectionOf(range, @object);
        if (await NamedAsync(range, () => objects.FindBlockByTimestampAsync(section, timestampMs, cancellation)) is not { } block)
        {
            return null;
        }

        // A block is whole batches: the one that is late enough is in it, unless it was trimmed away.
        Offset from = Offset.Max(block.BaseOffset, logStart);
        using ObjectReadResult read = await NamedAsync(range, () => objects.ReadAsync(section, from, block.SizeBytes, cancellation));
        foreach (ReadOnlyMemory<byte> batch in BatchRuns.Slice(read.Blocks, from, int.MaxValue).SelectMany(BatchRuns.Split))
        {
            if (new RecordBatchView(batch.Span).MaxTimestamp >= timestampMs)
            {
                // A copy: the caller needs this one batch, and not the whole block for as long.
                return batch.ToArray();
            }
        }

        return null;
    }

    private static SectionLocation SectionOf(ObjectRange range, ObjectState @object) =>
        new(@object.Key, range.Range.Stream, range.Range.IndexPosition, range.Range.IndexBytes);
}
