using BenchmarkDotNet.Attributes;
using Broker.Wire.Records;

namespace Broker.Benchmarks.Wire;

/// <summary>The checksum that every stored and received byte goes through: of a page, and of a large batch.</summary>
public class Crc32CBenchmarks
{
    private byte[] _data = [];

    [Params(4 << 10, 1 << 20)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _data = new byte[Bytes];
        new Random(1).NextBytes(_data);
    }

    [Benchmark]
    public uint Compute() => Crc32C.Compute(_data);
}
