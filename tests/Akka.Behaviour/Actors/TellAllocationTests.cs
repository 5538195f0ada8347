using Akka.Actor;

namespace Akka.Behaviour.Actors;

/// <summary>A tell costs its envelope and nothing that grows with the number of messages.</summary>
public sealed class TellAllocationTests
{
    private const int Messages = 200_000;

    /// <summary>An envelope with its queue's bookkeeping: a few references. Boxing or closures per tell would exceed it.</summary>
    private const int MaxBytesPerTell = 64;

    [Fact]
    public async Task Tell_allocates_no_more_than_an_envelope()
    {
        ActorSystem system = ActorSystem.Create("allocations", "akka.loglevel = ERROR");
        object message = new();
        TaskCompletionSource warm = new(TaskCreationOptions.RunContinuationsAsynchronously);
        IActorRef warmUp = system.ActorOf(Props.Create(() => new Counting(Messages, warm)));
        TellAll(warmUp, message);
        await warm.Task.WaitAsync(TimeSpan.FromSeconds(30));

        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        IActorRef counting = system.ActorOf(Props.Create(() => new Counting(Messages, done)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        TellAll(counting, message);
        long bytesPerTell = (GC.GetAllocatedBytesForCurrentThread() - before) / Messages;
        await done.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await system.Terminate().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.InRange(bytesPerTell, 1, MaxBytesPerTell);
    }

    private static void TellAll(IActorRef target, object message)
    {
        for (int i = 0; i < Messages; i++)
        {
            target.Tell(message, ActorRefs.NoSender);
        }
    }

    private sealed class Counting : UntypedActor
    {
        private readonly TaskCompletionSource _done;
        private int _left;

        public Counting(int expected, TaskCompletionSource done)
        {
            _left = expected;
            _done = done;
        }

        protected override void OnReceive(object message)
        {
            if (--_left == 0)
            {
                _done.SetResult();
            }
        }
    }
}
