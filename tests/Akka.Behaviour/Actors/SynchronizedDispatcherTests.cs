using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Configuration;

namespace Akka.Behaviour.Actors;

/// <summary>Actors in a synchronization context.</summary>
public sealed class SynchronizedDispatcherTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void Actors_run_in_the_context_in_which_the_dispatcher_is_first_used()
    {
        OneThread context = new();
        using ActorSystem system = ActorSystem.Create("synchronized", ConfigurationFactory.ParseString("akka.loglevel = OFF, akka.stdout-loglevel = OFF"));
        int[] threads = context.Run(async () =>
        {
            IActorRef actor = system.ActorOf(Props.Create(() => new Witness()).WithDispatcher("akka.actor.synchronized-dispatcher"));
            int told = await actor.Ask<int>("tell", Patience);
            int piped = await actor.Ask<int>("pipe", Patience);
            int awaited = await actor.Ask<int>("await", Patience);
            return new[] { told, piped, awaited };
        });

        Assert.All(threads, thread => Assert.Equal(context.ThreadId, thread));
    }

    private sealed class Witness : ReceiveActor
    {
        public Witness()
        {
            Receive<string>(text => text == "tell", _ => Sender.Tell(Environment.CurrentManagedThreadId));
            Receive<string>(text => text == "pipe", _ => LaterAsync().PipeTo(Self, Sender));
            Receive<int>(_ => Sender.Tell(Environment.CurrentManagedThreadId));
            ReceiveAsync<string>(async _ =>
            {
                await LaterAsync();
                Sender.Tell(Environment.CurrentManagedThreadId);
            });
        }

        private static async Task<int> LaterAsync()
        {
            await Task.Yield();
            return 0;
        }
    }

    /// <summary>A context of one thread, the caller's, while it runs.</summary>
    private sealed class OneThread : SynchronizationContext
    {
        private readonly BlockingCollection<(SendOrPostCallback Callback, object? State)> _work = [];

        public int ThreadId { get; } = Environment.CurrentManagedThreadId;

        public override void Post(SendOrPostCallback d, object? state) => _work.Add((d, state));

        public T Run<T>(Func<Task<T>> main)
        {
            SynchronizationContext? before = Current;
            SetSynchronizationContext(this);
            try
            {
                Task<T> task = main();
                while (!task.IsCompleted && _work.TryTake(out (SendOrPostCallback Callback, object? State) next, Patience))
                {
                    next.Callback(next.State);
                }

                Assert.True(task.IsCompleted, "nothing more came");
                return task.GetAwaiter().GetResult();
            }
            finally
            {
                SetSynchronizationContext(before);
            }
        }
    }
}
