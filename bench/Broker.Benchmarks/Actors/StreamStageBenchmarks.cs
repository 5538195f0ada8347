using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using BenchmarkDotNet.Attributes;

namespace Broker.Benchmarks.Actors;

/// <summary>Elements through fused stages.</summary>
[MemoryDiagnoser]
public class StreamStageBenchmarks
{
    private const int Elements = 200_000;

    private readonly object[] _elements = [.. Enumerable.Range(0, Elements).Select(_ => new object())];
    private ActorSystem _system = null!;
    private ActorMaterializer _materializer = null!;

    [GlobalSetup]
    public void Setup()
    {
        _system = ActorSystem.Create("streams", "akka.loglevel = ERROR");
        _materializer = _system.Materializer();
    }

    [GlobalCleanup]
    public Task Cleanup() => _system.Terminate();

    [Benchmark(OperationsPerInvoke = Elements)]
    public Task FiveStages() => Source.From(_elements)
        .Select(element => element)
        .Where(_ => true)
        .Select(element => element)
        .RunWith(Sink.Ignore<object>(), _materializer);

    [Benchmark(OperationsPerInvoke = Elements)]
    public Task BatchThenSelectAsync() => Source.From(_elements)
        .Batch(100, _ => 1, (count, _) => count + 1)
        .SelectAsync(4, Task.FromResult)
        .RunWith(Sink.Ignore<int>(), _materializer);
}
