using System.Buffers;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;
using Broker.TestSupport.Storage;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.Storage;

/// <summary>Reads of a stream whose batches of one record each lie in several objects.</summary>
public sealed class HistoryReaderTests : IDisposable
{
    private const int BatchesInObject = 4;
    private static readonly StreamId Stream = new(1);
    private static readonly int BatchBytes = Batch(0).Length;
    private readonly InMemoryObjectStore _store = new();
    private readonly BufferPool _buffers = new(new BufferPoolOptions());
    private readonly BlockCache _blocks;
    private readonly List<ObjectKey> _keys = [];
    private MetadataImage _image = MetadataImage.Empty;

    public HistoryReaderTests()
    {
        _blocks = new BlockCache(new BlockCacheOptions { CapacityBytes = 1 << 20 }, _buffers);
        Commit(new ClusterCreated("c"), new NodeRegistered(new NodeId(1), 1), new ObjectIdBlockAllocated(new NodeId(1), 0, 100),
            new TopicCreated(Guid.NewGuid(), "t", [Stream], new Dictionary<string, string>(), IsInternal: false),
            new StreamOpened(Stream, new NodeId(1), new LeaderEpoch(1), Offset.Zero));
    }

    public void Dispose()
    {
        _blocks.Dispose();
        Assert.Equal(0, _buffers.OutstandingBytes);
    }

    [Theory]
    [InlineData(0, 10, 10)]
    [InlineData(2, 5, 5)]
    [InlineData(3, 1, 1)]
    [InlineData(0, 100, 3 * BatchesInObject)]
    [InlineData(11, 100, 1)]
    public async Task Read_goes_on_over_the_ends_of_objects_as_far_as_there_is_room(long from, int batchesOfRoom, int expected)
    {
        await UploadAsync(3);

        HistoryRead read = await Reader().ReadAsync(Stream, new Offset(from), batchesOfRoom * BatchBytes, CancellationToken.None);

        Assert.Equal(Enumerable.Range((int)from, expected).Select(i => (long)i), OffsetsOf(read));
    }

    [Fact]
    public async Task Batch_of_the_next_object_that_does_not_fit_is_left_to_the_next_read()
    {
        await UploadAsync(2);

        HistoryRead read = await Reader().ReadAsync(Stream, Offset.Zero, ((BatchesInObject + 1) * BatchBytes) - 1, CancellationToken.None);

        Assert.Equal([0L, 1, 2, 3], OffsetsOf(read));
    }

    [Fact]
    public async Task First_batch_is_read_however_little_was_asked_for()
    {
        await UploadAsync(2);

        HistoryRead read = await Reader().ReadAsync(Stream, new Offset(3), 1, CancellationToken.None);

        Assert.Equal([3L], OffsetsOf(read));
    }

    [Fact]
    public async Task Lost_object_fails_the_read_that_begins_in_it_and_only_shortens_the_one_before()
    {
        await UploadAsync(2);
        await _store.DeleteAsync(_keys[1], CancellationToken.None);
        HistoryReader reader = Reader();

        HistoryRead before = await reader.ReadAsync(Stream, Offset.Zero, int.MaxValue, CancellationToken.None);

        Assert.Equal([0L, 1, 2, 3], OffsetsOf(before));
        UnreadableOffsetsException error = await Assert.ThrowsAsync<UnreadableOffsetsException>(() => reader.ReadAsync(Stream, new Offset(5), int.MaxValue, CancellationToken.None));
        Assert.Equal((StorageErrorKind.Corrupt, 8), (error.Kind, error.End.Value));
        Assert.StartsWith("offsets 4 to 7 cannot be read: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Object_whose_index_cannot_be_read_is_told_with_all_its_offsets_and_one_that_is_cut_off_with_those_of_the_block()
    {
        await UploadAsync(2);
        byte[] whole = _store.Read(_keys[1].Value).ToArray();
        _keys.ForEach(key => _store.Damage(key.Value, bytes => [.. bytes[..(bytes.Length / 2)]]));
        HistoryReader cold = Reader();

        UnreadableOffsetsException index = await Assert.ThrowsAsync<UnreadableOffsetsException>(() => cold.ReadAsync(Stream, new Offset(5), 1, CancellationToken.None));
        UnreadableOffsetsException search = await Assert.ThrowsAsync<UnreadableOffsetsException>(() => cold.FindByTimestampAsync(Stream, TestBatches.TimestampMs, CancellationToken.None));

        Assert.StartsWith("offsets 4 to 7 cannot be read: ", index.Message, StringComparison.Ordinal);
        Assert.StartsWith("offsets 0 to 3 cannot be read: ", search.Message, StringComparison.Ordinal);
        Assert.Equal((8, 4), (index.End.Value, search.End.Value));
        StreamRange section = _image.FindStream(Stream)!.Ranges[1].Range;
        _store.Damage(_keys[1].Value, _ => whole);
        StreamObjectReader reader = new(_store, _blocks, new StreamObjectReaderOptions());
        await reader.FindBlockByTimestampAsync(new SectionLocation(_keys[1], Stream, section.IndexPosition, section.IndexBytes), 0, CancellationToken.None);
        _store.Damage(_keys[1].Value, bytes => [.. bytes[..20]]);

        UnreadableOffsetsException block = await Assert.ThrowsAsync<UnreadableOffsetsException>(() => Reader().ReadAsync(Stream, new Offset(5), 1, CancellationToken.None));

        Assert.StartsWith("offsets 4 to 7 cannot be read: object 'data/1'", block.Message, StringComparison.Ordinal);
        Assert.Contains("ends at byte 20", block.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_loaded_ahead_waits_until_what_was_read_is_on_its_way()
    {
        await UploadAsync(3);
        StoreMetrics metrics = new();
        HistoryReader reader = Reader(new MeteredObjectStore(_store, metrics, "reads"));
        OffsetsOf(await reader.ReadAsync(Stream, Offset.Zero, 2 * BatchBytes, CancellationToken.None));
        HistoryRead second = await reader.ReadAsync(Stream, new Offset(2), 2 * BatchBytes, CancellationToken.None);
        long before = GetsOf(metrics);

        second.Resources.Dispose();

        Assert.True(GetsOf(metrics) > before, "nothing is loaded ahead of a sequential reader");
        OffsetsOf(await reader.ReadAsync(Stream, new Offset(4), 2 * BatchBytes, CancellationToken.None));
        Assert.Equal([8L, 9], OffsetsOf(await reader.ReadAsync(Stream, new Offset(8), 2 * BatchBytes, CancellationToken.None)));
    }

    private static long GetsOf(StoreMetrics metrics) => metrics.Snapshot().Where(counts => counts.Operation == StoreOperation.Get).Sum(counts => counts.Requests);

    private static byte[] Batch(long offset)
    {
        byte[] batch = TestBatches.Of();
        RecordBatchPatcher.SetBaseOffset(batch, offset);
        return batch;
    }

    private static List<long> OffsetsOf(HistoryRead read)
    {
        using (read.Resources)
        {
            return [.. Sequences.Batches(read.Records).Select(batch => new RecordBatchView(batch.Span).BaseOffset)];
        }
    }

    private HistoryReader Reader(IObjectStore? store = null) => new(
        new MetadataView(_image), new StreamObjectReader(store ?? _store, _blocks, new StreamObjectReaderOptions()), new ReadAhead(new ReadAheadOptions(), TimeProvider.System));

    private async Task UploadAsync(int objects)
    {
        for (int i = 0; i < objects; i++)
        {
            List<CachedBatch> batches = [.. Enumerable.Range(i * BatchesInObject, BatchesInObject).Select(offset => Cached(offset))];
            EncodedObject encoded = new StreamObjectWriter(new StreamObjectWriterOptions()).Write(Stream, batches);
            ObjectKey key = new($"data/{i}");
            await _store.PutAsync(key, encoded.Body, PutCondition.None, CancellationToken.None);
            batches.ForEach(batch => batch.Lease.Release());
            _keys.Add(key);
            Commit(new ObjectCommitted(new ObjectId(i), key, ObjectKind.Stream, encoded.SizeBytes, 0, encoded.Sections));
        }
    }

    private CachedBatch Cached(long offset)
    {
        byte[] bytes = Batch(offset);
        BufferLease lease = _buffers.Rent(bytes.Length);
        bytes.CopyTo(lease.Memory);
        return new CachedBatch(new Offset(offset), new Offset(offset), new LeaderEpoch(1), TestBatches.TimestampMs, lease.Memory, Crc32C.Compute(bytes), lease, default);
    }

    private void Commit(params MetadataEvent[] events) => _image = _image.Apply(new MetadataBatch(0, events), _image.Version + 1);
}
