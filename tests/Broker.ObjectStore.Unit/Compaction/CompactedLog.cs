using System.Collections.Immutable;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Compaction;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;
using Broker.ObjectStore.Unit.Cache;
using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Unit.Compaction;

/// <summary>Streams that are uploaded into a store in memory, and compacted there; and what every one of their batches was.</summary>
internal sealed class CompactedLog : IDisposable
{
    public const int MaxObjectBytes = 200_000;
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly TestBatches _batches = new();
    private readonly BufferPool _buffers = new(new BufferPoolOptions());
    private readonly Dictionary<StreamId, List<(Offset Base, Offset Last, int Bytes)>> _written = [];
    private readonly List<MetadataEvent> _notStored = [];
    private MetadataLog? _metadata;
    private long _walPosition;

    public CompactedLog(int streams)
    {
        StreamId[] ids = [.. Enumerable.Range(1, streams).Select(i => new StreamId(i))];
        Commit(new TopicCreated(Guid.NewGuid(), "t", ids, ImmutableDictionary<string, string>.Empty, false));
        Commit([.. ids.Select(id => new StreamOpened(id, new NodeId(1), new LeaderEpoch(0), Offset.Zero))]);
    }

    public InMemoryObjectStore Store { get; } = new();

    public MetadataImage Image { get; private set; } = MetadataImage.Empty;

    public CompactionOptions Options { get; init; } = new()
    {
        FanIn = 4,
        SmallestBytes = 4_000,
        StreamObjectBytes = 8_000,
        MaxObjectBytes = MaxObjectBytes,
        DeadBytes = 20_000,
        MinAge = TimeSpan.FromSeconds(1),
        ReadBytes = 5_000,
    };

    public RunLimits Limits { get; set; } = new(MaxObjectBytes, TimeSpan.FromDays(7));

    /// <summary>The time; what is older than a second is compacted.</summary>
    public long NowMs { get; set; } = 10_000;

    /// <summary>Bytes that compaction has read and written.</summary>
    public long PacedBytes { get; private set; }

    public void Dispose()
    {
        _metadata?.Dispose();
        Assert.Equal(0, _buffers.OutstandingBytes);
    }

    /// <summary>Uploads some batches of some streams as one object.</summary>
    public async Task UploadAsync(params (long Stream, int[] Sizes)[] content)
    {
        LogCache cache = new(new LogCacheOptions { CapacityBytes = 100 << 20 }, TimeProvider.System);
        foreach ((long stream, int[] sizes) in content)
        {
            List<(Offset Base, Offset Last, int Bytes)> written = Written(new StreamId(stream));
            foreach (int size in sizes)
            {
                long next = written.Count == 0 ? 0 : written[^1].Last.Value + 1;
                CachedBatch batch = _batches.Create(stream, next, 1 + (size % 3), size, ++_walPosition, timestampMs: NowMs);
                written.Add((batch.BaseOffset, batch.LastOffset, size));
                cache.Append(new StreamId(stream), batch);
            }
        }

        using SealedUpload upload = cache.Seal(long.MaxValue);
        EncodedObject encoded = new StreamSetObjectWriter(new StreamObjectWriterOptions { BlockBytes = 3000 }).Write(upload, StateOf);
        ObjectId id = Image.NextObjectId;
        await Store.PutAsync(DataKeys.For(id), encoded.Body, PutCondition.IfAbsent, None);
        Commit(new ObjectCommitted(id, DataKeys.For(id), ObjectKind.StreamSet, encoded.SizeBytes, NowMs, encoded.Sections));
    }

    public IReadOnlyList<CompactionOutput> Plan() => new CompactionPlan(Image, Options, _ => Limits, new HashSet<ObjectId>(), NowMs).Next();

    /// <summary>Compacts until nothing is worth it; how many objects were made.</summary>
    public async Task<int> CompactAsync()
    {
        int made = 0;
        while (Plan() is { Count: > 0 } outputs)
        {
            foreach (CompactionOutput output in outputs)
            {
                Commit(CompactionRules.WithoutRefused(Image, await WriteAsync(output, null)));
                made++;
            }

            if (made > 10_000)
            {
                throw new InvalidOperationException("compaction does not come to an end");
            }
        }

        return made;
    }

    public async Task<ObjectCompacted> WriteAsync(CompactionOutput output, IBlockRewriter? rewriter)
    {
        ObjectId id = Image.NextObjectId;
        ObjectCompactor compactor = new(Store, new StreamObjectWriterOptions { BlockBytes = 3000 }, Options, (bytes, _) =>
        {
            PacedBytes += bytes;
            return Task.CompletedTask;
        });
        return await compactor.WriteAsync(output, id, DataKeys.For(id), NowMs, rewriter, None);
    }

    public void Commit(params MetadataEvent[] events)
    {
        Image = Image.Apply(new MetadataBatch(NowMs, events), Image.Version + 1);
        _notStored.AddRange(events);
    }

    /// <summary>Puts the metadata into the store too, as a node has them there.</summary>
    public async Task StoreMetadataAsync()
    {
        _metadata ??= await MetadataLog.OpenAsync(Store, new MetadataLogOptions(), None);
        if (_notStored.Count > 0)
        {
            await _metadata.CommitAsync([.. _notStored], None);
            _notStored.Clear();
        }
    }

    /// <summary>Reads every stream from its start to its end by the metadata, and compares it with what was written; states too.</summary>
    public async Task VerifyAsync()
    {
        using BlockCache blocks = new(new BlockCacheOptions(), _buffers);
        StreamObjectReader reader = new(Store, blocks, new StreamObjectReaderOptions());
        foreach (StreamState stream in Image.Streams.Values)
        {
            byte[] expected = [.. Written(stream.StreamId).Where(batch => batch.Last >= stream.StartOffset).SelectMany(batch => TestBatches.Payload(stream.StreamId.Value, batch.Base.Value, batch.Bytes))];
            MemoryStream read = new();
            Offset next = stream.StartOffset;
            while (Image.FindRange(stream.StreamId, next) is var (range, found))
            {
                SectionLocation section = new(found.Key, stream.StreamId, range.Range.IndexPosition, range.Range.IndexBytes);
                using ObjectReadResult result = await reader.ReadAsync(section, next, int.MaxValue, None);
                result.Blocks.ToList().ForEach(block => read.Write(block.Data.Span));
                Assert.Equal(range.EndOffset, result.Blocks[^1].Info.LastOffset + 1);
                Assert.Equal(StateOf(stream.StreamId).ToArray(), (await reader.ReadStateAsync(section, None)).ToArray());
                next = range.EndOffset;
            }

            if (stream.DeadRange is { } dead)
            {
                SectionLocation section = new(Image.Objects[dead.ObjectId].Key, stream.StreamId, dead.Range.IndexPosition, dead.Range.IndexBytes);
                Assert.Equal(StateOf(stream.StreamId).ToArray(), (await reader.ReadStateAsync(section, None)).ToArray());
            }

            Assert.Equal(stream.EndOffset, next);
            Assert.True(read.ToArray().AsSpan().EndsWith(expected), $"{stream.StreamId} is not what was written");
        }
    }

    /// <summary>The objects of the metadata are those of the store.</summary>
    public void VerifyObjects()
    {
        IEnumerable<string> known = Image.Objects.Values.Select(item => item.Key.Value).Concat(Image.DeletableObjects.Values.Select(item => item.Key.Value));
        Assert.Equal(known.Order(StringComparer.Ordinal), Store.Keys.Where(key => key.StartsWith(DataKeys.Prefix, StringComparison.Ordinal)));
    }

    private static ReadOnlyMemory<byte> StateOf(StreamId stream) => BitConverter.GetBytes(stream.Value);

    private List<(Offset Base, Offset Last, int Bytes)> Written(StreamId stream)
    {
        if (!_written.TryGetValue(stream, out List<(Offset Base, Offset Last, int Bytes)>? batches))
        {
            _written[stream] = batches = [];
        }

        return batches;
    }
}
