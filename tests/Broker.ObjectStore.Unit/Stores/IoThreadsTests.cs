using Broker.ObjectStore.Local;

namespace Broker.ObjectStore.Unit.Stores;

public sealed class IoThreadsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Operations_that_block_hold_none_of_the_pools_threads()
    {
        using IoThreads io = new(4);
        using ManualResetEventSlim disk = new();
        using CountdownEvent blocked = new(4);
        Task<bool>[] operations = [.. Enumerable.Range(0, 4).Select(async _ =>
        {
            await io.EnterAsync(CancellationToken.None);
            blocked.Signal();
            disk.Wait();
            return Thread.CurrentThread.IsThreadPoolThread;
        })];

        Assert.True(blocked.Wait(Patience), "four operations do not run at a time");
        disk.Set();

        Assert.DoesNotContain(true, await Task.WhenAll(operations).WaitAsync(Patience));
    }

    [Fact]
    public async Task No_more_run_at_a_time_than_there_are_threads_and_all_run_in_the_end()
    {
        using IoThreads io = new(3);
        int running = 0, most = 0;
        Task[] operations = [.. Enumerable.Range(0, 500).Select(async _ =>
        {
            await io.EnterAsync(CancellationToken.None);
            int now = Interlocked.Increment(ref running);
            InterlockedMax(ref most, now);
            Thread.SpinWait(2000);
            Interlocked.Decrement(ref running);
        })];

        await Task.WhenAll(operations).WaitAsync(Patience);

        Assert.InRange(most, 1, 3);
    }

    [Fact]
    public async Task One_thread_runs_operations_in_order_of_arrival_and_passes_over_those_given_up()
    {
        using IoThreads io = new(1);
        using ManualResetEventSlim disk = new();
        using CancellationTokenSource cancellation = new();
        List<int> order = [];
        Task first = Run(0, CancellationToken.None, disk);
        Task second = Run(1, cancellation.Token);
        Task third = Run(2, CancellationToken.None);
        await cancellation.CancelAsync();
        disk.Set();

        await Assert.ThrowsAsync<OperationCanceledException>(() => second.WaitAsync(Patience));
        await Task.WhenAll(first, third).WaitAsync(Patience);
        Assert.Equal([0, 2], order);

        async Task Run(int number, CancellationToken ct, ManualResetEventSlim? until = null)
        {
            await io.EnterAsync(ct);
            until?.Wait(CancellationToken.None);
            order.Add(number);
        }
    }

    [Fact]
    public async Task Disposal_lets_what_waits_run_and_refuses_the_rest()
    {
        IoThreads io = new(1);
        using ManualResetEventSlim disk = new();
        Task running = Run(disk);
        Task waiting = Run(null);
        io.Dispose();
        disk.Set();

        await Task.WhenAll(running, waiting).WaitAsync(Patience);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Run(null));

        async Task Run(ManualResetEventSlim? until)
        {
            await io.EnterAsync(CancellationToken.None);
            until?.Wait();
        }
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (int seen = Volatile.Read(ref target); value > seen;)
        {
            int before = Interlocked.CompareExchange(ref target, value, seen);
            seen = before == seen ? value : before;
        }
    }
}
