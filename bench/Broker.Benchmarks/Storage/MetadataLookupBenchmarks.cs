using BenchmarkDotNet.Attributes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Benchmarks.Storage;

/// <summary>
/// The metadata of a large cluster: 100,000 objects with ranges of 10 partitions each, of 10,000 partitions. A fetch of history looks one offset up; an upload
/// commits one object; a start reads the snapshot.
/// </summary>
[MemoryDiagnoser]
public class MetadataLookupBenchmarks
{
    private const int Partitions = 10_000;
    private const int Objects = 100_000;
    private const int RangesPerObject = 10;
    private const int RecordsPerRange = 1000;
    private const int Lookups = 1000;

    private readonly (StreamId Stream, Offset Offset)[] _wanted = new (StreamId, Offset)[Lookups];
    private MetadataImage _image = MetadataImage.Empty;
    private MetadataBatch _upload = null!;
    private byte[] _snapshot = [];

    [GlobalSetup]
    public void SetUp()
    {
        StreamId[] streams = [.. Enumerable.Range(1, Partitions).Select(i => new StreamId(i))];
        Commit(new TopicCreated(Guid.NewGuid(), "big", streams, new Dictionary<string, string>(), false));
        Commit([.. streams.Select(stream => new StreamOpened(stream, new NodeId(1), new LeaderEpoch(0), Offset.Zero))]);
        Commit([.. Enumerable.Range(0, Objects).Select(Upload)]);
        _upload = new MetadataBatch(0, [Upload(Objects)]);
        _snapshot = MetadataSnapshot.Encode(_image, default);

        Random random = new(1);
        for (int i = 0; i < Lookups; i++)
        {
            _wanted[i] = (streams[random.Next(Partitions)], new Offset(random.Next(Objects * RangesPerObject / Partitions * RecordsPerRange)));
        }
    }

    /// <summary>Where an offset of a partition lies.</summary>
    [Benchmark(OperationsPerInvoke = Lookups)]
    public long FindRange()
    {
        long found = 0;
        foreach ((StreamId stream, Offset offset) in _wanted)
        {
            found += _image.FindRange(stream, offset)!.Value.Object.SizeBytes;
        }

        return found;
    }

    /// <summary>One more object.</summary>
    [Benchmark]
    public MetadataImage CommitUpload() => _image.Apply(_upload, _image.Version + 1);

    [Benchmark]
    public int EncodeSnapshot() => MetadataSnapshot.Encode(_image, default).Length;

    [Benchmark]
    public MetadataImage DecodeSnapshot() => MetadataSnapshot.Decode(new ObjectKey("meta/snapshot/1"), _snapshot).Image;

    private void Commit(params MetadataEvent[] events) => _image = _image.Apply(new MetadataBatch(0, events), _image.Version + 1);

    private static ObjectCommitted Upload(int id)
    {
        int first = id * RangesPerObject;
        StreamRange[] ranges = [.. Enumerable.Range(first, RangesPerObject).Select(range => Range(new StreamId((range % Partitions) + 1), range / Partitions * (long)RecordsPerRange))];
        return new ObjectCommitted(new ObjectId(id), new ObjectKey($"data/{id}"), ObjectKind.StreamSet, 32 << 20, 0, ranges);
    }

    private static StreamRange Range(StreamId stream, long from) =>
        new(stream, new LeaderEpoch(0), new Offset(from), new Offset(from + RecordsPerRange), 0, 1, 0, 1, 0, 0);
}
