using BenchmarkDotNet.Attributes;
using Broker.Wire.Records;

namespace Broker.Benchmarks.Wire;

/// <summary>
/// What a broker checks of each batch that a producer sends: one record of 1 KiB, as many as a full batch of librdkafka's
/// has, and small records, of which the walk through them is the greater part. Its cost is the difference to
/// <see cref="ChecksumAlone"/>.
/// </summary>
[MemoryDiagnoser]
public class BatchValidationBenchmarks
{
    private byte[] _batch = [];

    [Params(1, 127, 10_000)]
    public int Records { get; set; }

    [Params(100, 1024)]
    public int RecordBytes { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _batch = SampleBatch.Of(Records, RecordBytes);
        if (Validate() != BatchError.None)
        {
            throw new InvalidOperationException($"the sample is refused: {Validate()}");
        }
    }

    [Benchmark(Baseline = true)]
    public bool ChecksumAlone() => new RecordBatchView(_batch).IsCrcValid;

    [Benchmark]
    public BatchError Validate() => RecordBatchValidator.ValidateFromProducer(_batch);
}
