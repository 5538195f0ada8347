using BenchmarkDotNet.Attributes;
using Broker.Wire.Compression;

namespace Broker.Benchmarks.Wire;

/// <summary>Each codec on 1 MiB of event-like text. The broker needs them for topics that are compacted or recompressed, and for look-ups by time.</summary>
[MemoryDiagnoser]
public class CodecBenchmarks : IDisposable
{
    private const int Bytes = 1 << 20;
    private readonly BoundedBuffer _output = new(2 * Bytes);
    private byte[] _plain = [];
    private byte[] _compressed = [];
    private ICompressionCodec _codec = null!;

    [ParamsAllValues]
    public CompressionType Type { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _codec = CompressionCodecs.Get(Type);
        _plain = SampleBatch.Text(Bytes);
        Compress();
        _compressed = _output.WrittenSpan.ToArray();
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _output.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public int Compress()
    {
        _output.Clear();
        _codec.Compress(_plain, _output);
        return _output.WrittenCount;
    }

    [Benchmark]
    public int Decompress()
    {
        _output.Clear();
        _codec.Decompress(_compressed, _output);
        return _output.WrittenCount;
    }
}
