using Akka.Actor;
using BenchmarkDotNet.Attributes;

namespace Broker.Benchmarks.Actors;

/// <summary>Local tells: two actors that answer each other, and many senders to one actor.</summary>
[MemoryDiagnoser]
public class TellBenchmarks
{
    private const int Messages = 1_000_000;
    private const int Pairs = 4;
    private const int InFlight = 10;

    private ActorSystem _system = null!;

    [GlobalSetup]
    public void Setup() => _system = ActorSystem.Create("tell", "akka.loglevel = ERROR");

    [GlobalCleanup]
    public Task Cleanup() => _system.Terminate();

    [Benchmark(OperationsPerInvoke = Messages)]
    public async Task PingPong()
    {
        Task[] ended = [.. Enumerable.Range(0, Pairs).Select(_ => StartPair(Messages / Pairs / 2))];
        await Task.WhenAll(ended);
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public async Task FanIn()
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        IActorRef sink = _system.ActorOf(Props.Create(() => new Player(Messages, false, done)));
        Parallel.For(0, 2, _ =>
        {
            for (int i = 0; i < Messages / 2; i++)
            {
                sink.Tell(done, ActorRefs.NoSender);
            }
        });
        await done.Task;
        _system.Stop(sink);
    }

    private async Task StartPair(int rounds)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource unused = new();
        IActorRef ping = _system.ActorOf(Props.Create(() => new Player(rounds, true, done)));
        IActorRef pong = _system.ActorOf(Props.Create(() => new Player(int.MaxValue, true, unused)));
        for (int i = 0; i < InFlight; i++)
        {
            pong.Tell(done, ping);
        }

        await done.Task;
        _system.Stop(ping);
        _system.Stop(pong);
    }

    private sealed class Player(int expected, bool answers, TaskCompletionSource done) : UntypedActor
    {
        private int _left = expected;

        protected override void OnReceive(object message)
        {
            if (--_left == 0)
            {
                done.TrySetResult();
            }

            if (answers && _left > 0)
            {
                Sender.Tell(message, Self);
            }
        }
    }
}
