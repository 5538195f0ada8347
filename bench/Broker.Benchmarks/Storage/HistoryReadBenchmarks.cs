using BenchmarkDotNet.Attributes;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Local;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;

namespace Broker.Benchmarks.Storage;

/// <summary>
/// A consumer that catches up: reads of 1 MiB, one behind the other, of an object in the embedded store, through a cache that is too small
/// for it. What it allocates must not grow with the bytes that are read.
/// </summary>
[MemoryDiagnoser]
public class HistoryReadBenchmarks : IDisposable
{
    private const int Batches = 512;
    private const int BatchBytes = 128 << 10;
    private const int ReadBytes = 1 << 20;
    private const int Reads = Batches / (ReadBytes / BatchBytes);
    private static readonly ObjectKey Key = new("bench/1");

    private readonly BufferPool _buffers = new(new BufferPoolOptions());
    private string _folder = "";
    private LocalObjectStore _store = null!;
    private BlockCache _cache = null!;
    private StreamObjectReader _reader = null!;
    private SectionLocation _section;

    [GlobalSetup]
    public async Task SetUpAsync()
    {
        _folder = Directory.CreateTempSubdirectory("history-bench-").FullName;
        _store = LocalObjectStore.Open(new LocalObjectStoreOptions(_folder));
        _cache = new BlockCache(new BlockCacheOptions { CapacityBytes = 8 << 20 }, _buffers);
        _reader = new StreamObjectReader(_store, _cache, new StreamObjectReaderOptions());
        BufferLease payload = _buffers.Rent(BatchBytes);
        new Random(1).NextBytes(payload.Memory.Span);
        CachedBatch[] batches = [.. Enumerable.Range(0, Batches).Select(i => new CachedBatch(
            new Offset(i), new Offset(i), new LeaderEpoch(0), -1, payload.Memory, Broker.Wire.Records.Crc32C.Compute(payload.Memory.Span), payload, default))];
        EncodedObject encoded = new StreamObjectWriter(new StreamObjectWriterOptions()).Write(new StreamId(1), batches);
        await _store.PutAsync(Key, encoded.Body, PutCondition.IfAbsent, CancellationToken.None);
        payload.Release();
        StreamRange range = encoded.Sections[0];
        _section = new SectionLocation(Key, range.Stream, range.IndexPosition, range.IndexBytes);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _cache.Dispose();
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Benchmark(OperationsPerInvoke = Reads)]
    public async Task ReadOneMebibyteAsync()
    {
        for (Offset from = Offset.Zero; from.Value < Batches;)
        {
            using ObjectReadResult read = await _reader.ReadAsync(_section, from, ReadBytes, CancellationToken.None);
            from = read.Blocks[^1].Info.LastOffset + 1;
        }
    }
}
