using System.Buffers;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;
using Broker.ObjectStore.Unit.Cache;
using Broker.Shared;
using Broker.TestSupport.Storage;
using Xunit.Abstractions;

namespace Broker.ObjectStore.Unit.StreamObjects;

public sealed class StreamObjectTests(ITestOutputHelper output) : IDisposable
{
    private static readonly ObjectKey Key = new("data/0001");
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly TestBatches _batches = new();
    private readonly InMemoryObjectStore _store = new();
    private readonly BufferPool _buffers = new(new BufferPoolOptions());
    private readonly List<BlockCache> _caches = [];

    public void Dispose()
    {
        _caches.ForEach(cache => cache.Dispose());
        Assert.Equal(0, _buffers.OutstandingBytes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Stream_set_object_gives_back_every_batch_state_and_range(int seed)
    {
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        (LogCache cache, Dictionary<StreamId, List<CachedBatch>> written) = Fill(random);
        using SealedUpload upload = cache.Seal(long.MaxValue);
        EncodedObject encoded = new StreamSetObjectWriter(new StreamObjectWriterOptions { BlockBytes = 3000 })
            .Write(upload, stream => stream.Value % 2 == 0 ? State(stream) : default);
        await PutAsync(encoded);

        StreamObjectReader reader = Reader();
        StreamObjectInfo info = await reader.OpenAsync(Key, None);
        Assert.Equal(ObjectKind.StreamSet, info.Kind);
        Assert.Equal(encoded.SizeBytes, info.SizeBytes);
        Assert.Equal(encoded.Sections, info.Sections);
        Assert.Equal(written.Keys.Order(), encoded.Sections.Select(section => section.Stream).Distinct());
        foreach ((StreamId stream, List<CachedBatch> batches) in written)
        {
            StreamRange[] ranges = [.. encoded.Sections.Where(section => section.Stream == stream)];
            Assert.Equal(batches.Select(batch => batch.Epoch).Distinct(), ranges.Select(range => range.Epoch));
            Assert.Equal(stream.Value % 2 == 0, ranges[^1].HasState);
            foreach (StreamRange range in ranges)
            {
                await VerifyAsync(reader, range, [.. batches.Where(batch => batch.Epoch == range.Epoch)], random);
            }
        }
    }

    [Fact]
    public async Task Stream_object_holds_one_stream_and_a_batch_larger_than_a_block()
    {
        CachedBatch[] batches = [_batches.Create(1, 0, 1, 100, 1), _batches.Create(1, 1, 1, 9_000_000, 2), _batches.Create(1, 2, 1, 100, 3)];
        EncodedObject encoded = new StreamObjectWriter(new StreamObjectWriterOptions()).Write(new StreamId(1), batches);
        await PutAsync(encoded);
        StreamObjectReader reader = Reader();
        StreamRange range = Assert.Single(encoded.Sections);
        Assert.False(range.HasState);
        Assert.Equal(ObjectKind.Stream, (await reader.OpenAsync(Key, None)).Kind);
        Assert.True((await reader.ReadStateAsync(Location(range), None)).IsEmpty);
        using ObjectReadResult result = await reader.ReadAsync(Location(range), new Offset(1), 1, None);
        Assert.True(Assert.Single(result.Blocks).Data.Span.SequenceEqual(TestBatches.Payload(1, 1, 9_000_000)));
        using ObjectReadResult behind = await reader.ReadAsync(Location(range), new Offset(3), 1, None);
        Assert.Empty(behind.Blocks);
    }

    [Fact]
    public async Task Read_of_neighbouring_blocks_takes_one_get_and_the_next_none()
    {
        EncodedObject encoded = await PutSampleAsync();
        CountingStore counting = new(_store);
        using BlockCache cache = new(new BlockCacheOptions(), _buffers);
        StreamObjectReader reader = new(counting, cache, new StreamObjectReaderOptions());
        SectionLocation section = Location(encoded.Sections[0]);
        using ObjectReadResult result = await reader.ReadAsync(section, Offset.Zero, int.MaxValue, None);
        Assert.True(result.Blocks.Count > 3);
        Assert.Equal(2, counting.Gets);
        using ObjectReadResult again = await reader.ReadAsync(section, result.Blocks[2].Info.BaseOffset, int.MaxValue, None);
        Assert.Equal(2, counting.Gets);
    }

    [Fact]
    public async Task Blocks_live_in_the_pool_until_cache_and_reader_have_given_them_up()
    {
        EncodedObject encoded = await PutSampleAsync();
        BlockCache cache = new(new BlockCacheOptions(), _buffers);
        StreamObjectReader reader = new(_store, cache, new StreamObjectReaderOptions());
        SectionLocation section = Location(encoded.Sections[0]);
        ObjectReadResult result = await reader.ReadAsync(section, Offset.Zero, 3000, None);
        _ = await reader.FindBlockByTimestampAsync(section, 455, None);
        byte[] before = [.. Join(result)];
        cache.Dispose();
        Assert.Equal(result.Blocks.Sum(block => (long)BufferPool.CapacityOf(block.Info.SizeBytes)), _buffers.OutstandingBytes);
        Assert.Equal(before, Join(result));
        result.Dispose();
        result.Dispose();
        Assert.Equal(0, _buffers.OutstandingBytes);
    }

    [Fact]
    public async Task Damaged_block_is_refused_and_named_those_before_it_are_read_and_it_leaves_no_buffer_behind()
    {
        EncodedObject encoded = await PutSampleAsync();
        _store.Damage(Key.Value, bytes =>
        {
            bytes[ObjectFormat.HeaderBytes + 1500]++;
            return bytes;
        });
        using (BlockCache cache = new(new BlockCacheOptions(), _buffers))
        {
            StreamObjectReader reader = new(_store, cache, new StreamObjectReaderOptions());
            SectionLocation section = Location(encoded.Sections[0]);
            Offset damaged;
            using (ObjectReadResult sound = await reader.ReadAsync(section, Offset.Zero, int.MaxValue, None))
            {
                damaged = Assert.Single(sound.Blocks).Info.LastOffset + 1;
            }

            long held = _buffers.OutstandingBytes;
            StorageException error = await FailAsync(() => reader.ReadAsync(section, damaged, int.MaxValue, None).AsTask());
            Assert.Equal(StorageErrorKind.Corrupt, error.Kind);
            Assert.Contains($"'{Key}'", error.Message, StringComparison.Ordinal);
            Assert.Contains($"offsets {damaged} to ", error.Message, StringComparison.Ordinal);
            Assert.Equal(held, _buffers.OutstandingBytes);
        }

        Assert.Equal(0, _buffers.OutstandingBytes);
    }

    [Fact]
    public async Task Timestamp_search_finds_the_first_block_that_reaches_it()
    {
        EncodedObject encoded = await PutSampleAsync();
        StreamObjectReader reader = Reader();
        SectionLocation section = Location(encoded.Sections[0]);
        BlockInfo? block = await reader.FindBlockByTimestampAsync(section, 455, None);
        Assert.NotNull(block);
        Assert.InRange(46, block.Value.BaseOffset.Value, block.Value.LastOffset.Value);
        Assert.Null(await reader.FindBlockByTimestampAsync(section, encoded.Sections[0].MaxTimestampMs + 1, None));
    }

    [Fact]
    public async Task Section_of_another_stream_and_an_object_of_a_newer_version_are_refused()
    {
        EncodedObject encoded = await PutSampleAsync();
        SectionLocation wrong = Location(encoded.Sections[0]) with { Stream = new StreamId(99) };
        Assert.Equal(StorageErrorKind.Invalid, (await FailAsync(() => Reader().ReadAsync(wrong, Offset.Zero, 1, None).AsTask())).Kind);

        _store.Damage(Key.Value, bytes =>
        {
            Span<byte> footer = bytes.AsSpan(bytes.Length - ObjectFormat.FooterBytes);
            footer[8]++;
            BitConverter.TryWriteBytes(footer[60..], Crc32C.Compute(footer[..60]));
            return bytes;
        });
        StorageException newer = await FailAsync(() => Reader().OpenAsync(Key, None).AsTask());
        Assert.Equal(StorageErrorKind.Invalid, newer.Kind);
        Assert.Contains("newer than this build", newer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_truncation_ends_in_a_typed_error_or_the_right_data()
    {
        EncodedObject encoded = await PutSampleAsync();
        byte[] whole = _store.Read(Key.Value);
        int correct = 0;
        for (int length = 0; length < whole.Length; length += length < whole.Length - 600 ? 37 : 1)
        {
            _store.Damage(Key.Value, _ => whole[..length]);
            Assert.Null(await TryOpenAsync());
            correct += await CountCorrectSectionsAsync(encoded);
        }

        // An index is where the metadata says, so sections whose index is there are read from a cut object.
        Assert.True(correct > 0);
    }

    [Fact]
    public async Task Every_mutation_ends_in_a_typed_error_or_the_right_data()
    {
        const int seed = 77;
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        EncodedObject encoded = await PutSampleAsync();
        byte[] whole = _store.Read(Key.Value);
        int refused = 0;
        for (int i = 0; i < 1000; i++)
        {
            byte[] mutated = (byte[])whole.Clone();
            int at = i % 3 == 0 ? random.Next(whole.Length - 700, whole.Length) : random.Next(whole.Length);
            mutated[at] ^= (byte)(1 << random.Next(8));
            _store.Damage(Key.Value, _ => mutated);
            if (await TryOpenAsync() is { } info)
            {
                Assert.Equal(encoded.Sections, info.Sections);
            }

            refused += encoded.Sections.Count - await CountCorrectSectionsAsync(encoded);
        }

        Assert.True(refused > 300, $"only {refused} reads met the damage");
    }

    private async Task<StreamObjectInfo?> TryOpenAsync()
    {
        try
        {
            return await Reader().OpenAsync(Key, None);
        }
        catch (StorageException)
        {
            return null;
        }
    }

    /// <summary>How many sections can be read, each of which must then be right.</summary>
    private async Task<int> CountCorrectSectionsAsync(EncodedObject encoded)
    {
        int correct = 0;
        foreach (StreamRange range in encoded.Sections)
        {
            try
            {
                StreamObjectReader reader = Reader();
                List<byte> read = [];
                for (Offset next = Offset.Zero; next < range.EndOffset;)
                {
                    // Where a block is damaged, those before it come one by one.
                    using ObjectReadResult result = await reader.ReadAsync(Location(range), next, int.MaxValue, None);
                    read.AddRange(Join(result));
                    next = result.Blocks[^1].Info.LastOffset + 1;
                }

                ReadOnlyMemory<byte> state = await reader.ReadStateAsync(Location(range), None);
                Assert.True(read.SequenceEqual(Enumerable.Range(0, 100).SelectMany(i => TestBatches.Payload(range.Stream.Value, i, 200))));
                Assert.True(state.Span.SequenceEqual(State(range.Stream).Span));
                correct++;
            }
            catch (StorageException error)
            {
                Assert.Contains(Key.Value, error.Message, StringComparison.Ordinal);
            }
        }

        return correct;
    }

    private async Task VerifyAsync(StreamObjectReader reader, StreamRange range, CachedBatch[] batches, Random random)
    {
        Assert.Equal(batches[0].BaseOffset, range.BaseOffset);
        Assert.Equal(batches[^1].LastOffset + 1, range.EndOffset);
        Assert.Equal(batches.Max(batch => batch.MaxTimestampMs), range.MaxTimestampMs);
        Assert.Equal(batches.Sum(batch => (long)batch.Payload.Length), range.SizeBytes);
        List<byte> read = [];
        for (Offset from = range.BaseOffset; from < range.EndOffset;)
        {
            using ObjectReadResult result = await reader.ReadAsync(Location(range), from, random.Next(1, 12_000), None);
            Assert.Equal(from, result.Blocks[0].Info.BaseOffset);
            read.AddRange(Join(result));
            from = result.Blocks[^1].Info.LastOffset + 1;
        }

        Assert.True(read.SequenceEqual(batches.SelectMany(batch => batch.Payload.ToArray())));
        Offset within = new(random.NextInt64(range.BaseOffset.Value, range.EndOffset.Value));
        using ObjectReadResult one = await reader.ReadAsync(Location(range), within, 1, None);
        BlockInfo block = one.Blocks.Single().Info;
        Assert.InRange(within.Value, block.BaseOffset.Value, block.LastOffset.Value);
        ReadOnlyMemory<byte> state = await reader.ReadStateAsync(Location(range), None);
        Assert.Equal(range.HasState, !state.IsEmpty);
        Assert.True(state.IsEmpty || state.Span.SequenceEqual(State(range.Stream).Span));
    }

    private (LogCache Cache, Dictionary<StreamId, List<CachedBatch>> Written) Fill(Random random)
    {
        LogCache cache = new(new LogCacheOptions(), TimeProvider.System);
        Dictionary<StreamId, List<CachedBatch>> written = [];
        for (int i = 1; i < 300; i++)
        {
            StreamId stream = new(random.Next(1, 12));
            if (!written.TryGetValue(stream, out List<CachedBatch>? batches))
            {
                written.Add(stream, batches = []);
            }

            long offset = batches.Count > 0 ? batches[^1].LastOffset.Value + 1 : random.Next(1000);
            CachedBatch batch = _batches.Create(
                stream.Value, offset, random.Next(1, 50), random.Next(1, 8000), i, epoch: i < 200 ? 3 : 4, timestampMs: random.Next(-1, 5000));
            batches.Add(batch);
            cache.Append(stream, batch);
        }

        return (cache, written);
    }

    /// <summary>Two streams of 100 batches of 200 bytes, timestamps 0, 10, 20 ..., with state.</summary>
    private async Task<EncodedObject> PutSampleAsync()
    {
        LogCache cache = new(new LogCacheOptions(), TimeProvider.System);
        for (int i = 0; i < 200; i++)
        {
            cache.Append(new StreamId(i % 2), _batches.Create(i % 2, i / 2, 1, 200, i + 1, timestampMs: i / 2 * 10));
        }

        using SealedUpload upload = cache.Seal(long.MaxValue);
        EncodedObject encoded = new StreamSetObjectWriter(new StreamObjectWriterOptions { BlockBytes = 1000 }).Write(upload, stream => State(stream));
        await PutAsync(encoded);
        return encoded;
    }

    private async Task PutAsync(EncodedObject encoded) => await _store.PutAsync(Key, encoded.Body, PutCondition.IfAbsent, None);

    // Each reader has a cache of its own, so that it meets the store's bytes.
    private StreamObjectReader Reader()
    {
        _caches.Add(new BlockCache(new BlockCacheOptions(), _buffers));
        return new StreamObjectReader(_store, _caches[^1], new StreamObjectReaderOptions { TailBytes = 100 });
    }

    private static SectionLocation Location(StreamRange range) => new(Key, range.Stream, range.IndexPosition, range.IndexBytes);

    private static ReadOnlyMemory<byte> State(StreamId stream) => TestBatches.Payload(stream.Value, -1, 333);

    private static IEnumerable<byte> Join(ObjectReadResult result) => result.Blocks.SelectMany(block => block.Data.ToArray());

    private static Task<StorageException> FailAsync(Func<Task> act) => Assert.ThrowsAnyAsync<StorageException>(act);

    private sealed class CountingStore(IObjectStore inner) : IObjectStore
    {
        public int Gets { get; private set; }

        public ValueTask<PutResult> PutAsync(ObjectKey key, ReadOnlySequence<byte> body, PutCondition condition, CancellationToken ct) =>
            inner.PutAsync(key, body, condition, ct);

        public ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
        {
            Gets++;
            return inner.GetAsync(key, range, ct);
        }

        public ValueTask<int> ReadAsync(ObjectKey key, ByteRange range, IReadOnlyList<Memory<byte>> destinations, CancellationToken ct)
        {
            Gets++;
            return inner.ReadAsync(key, range, destinations, ct);
        }

        public ValueTask<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken ct) => inner.HeadAsync(key, ct);

        public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? startAfter, CancellationToken ct) =>
            inner.ListAsync(prefix, startAfter, ct);

        public ValueTask DeleteAsync(ObjectKey key, CancellationToken ct) => inner.DeleteAsync(key, ct);

        public ValueTask<IMultipartUpload> StartMultipartAsync(ObjectKey key, Guid writeId, CancellationToken ct) => inner.StartMultipartAsync(key, writeId, ct);

        public ValueTask<int> AbortUploadsAsync(string prefix, Func<ObjectKey, bool> abandoned, CancellationToken ct) => inner.AbortUploadsAsync(prefix, abandoned, ct);
    }
}
