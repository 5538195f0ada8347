using BenchmarkDotNet.Attributes;
using Broker.Wire.Records;

namespace Broker.Benchmarks.Wire;

/// <summary>What a broker checks of each batch that a producer sends: one record of 1 KiB, and as many as a full batch of librdkafka's has.</summary>
[MemoryDiagnoser]
public class BatchValidationBenchmarks
{
    private byte[] _batch = [];

    [Params(1, 127)]
    public int Records { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _batch = SampleBatch.Of(Records);
        if (Validate() != BatchError.None)
        {
            throw new InvalidOperationException($"the sample is refused: {Validate()}");
        }
    }

    [Benchmark]
    public BatchError Validate() => RecordBatchValidator.ValidateFromProducer(_batch);
}
