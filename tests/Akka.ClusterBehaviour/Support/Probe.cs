using System.Threading.Channels;
using Akka.Actor;

namespace Akka.ClusterBehaviour;

/// <summary>An actor that keeps what it gets for the test to look at, in order.</summary>
internal sealed class Probe
{
    private readonly Channel<object> _received = Channel.CreateUnbounded<object>();

    public Probe(ActorSystem system, string? name = null)
    {
        ChannelWriter<object> writer = _received.Writer;
        Ref = system.ActorOf(Props.Create(() => new Keeper(writer)), name);
    }

    public IActorRef Ref { get; }

    /// <summary>Has the probe watch an actor.</summary>
    public void Watch(IActorRef subject) => Ref.Tell(new Keeper.Subject(subject, IsWatched: true));

    public void Unwatch(IActorRef subject) => Ref.Tell(new Keeper.Subject(subject, IsWatched: false));

    /// <summary>The next message of the type; others before it are passed over.</summary>
    public async Task<T> ExpectAsync<T>(Func<T, bool>? fits = null, TimeSpan? within = null)
    {
        using CancellationTokenSource expiry = new(within ?? Eventually.Default);
        List<object> others = [];
        try
        {
            while (true)
            {
                object message = await _received.Reader.ReadAsync(expiry.Token);
                if (message is T expected && fits?.Invoke(expected) != false)
                {
                    return expected;
                }

                others.Add(message);
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"no {typeof(T).Name} within {within ?? Eventually.Default}; there were [{string.Join(", ", others)}]");
            throw;
        }
    }

    /// <summary>All that has come and was not looked at.</summary>
    public IReadOnlyList<object> Drain()
    {
        List<object> all = [];
        while (_received.Reader.TryRead(out object? message))
        {
            all.Add(message);
        }

        return all;
    }

    private sealed class Keeper : ReceiveActor
    {
        public Keeper(ChannelWriter<object> writer)
        {
            Receive<Subject>(subject =>
            {
                if (subject.IsWatched)
                {
                    Context.Watch(subject.Actor);
                }
                else
                {
                    Context.Unwatch(subject.Actor);
                }
            });
            ReceiveAny(message => writer.TryWrite(message));
        }

        public sealed record Subject(IActorRef Actor, bool IsWatched);
    }
}
