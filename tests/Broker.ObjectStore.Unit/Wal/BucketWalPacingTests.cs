using System.Collections.Concurrent;
using Broker.ObjectStore.Wal;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;
using static Broker.ObjectStore.Unit.Wal.BucketWalFixture;

namespace Broker.ObjectStore.Unit.Wal;

/// <summary>When a bucket WAL asks its store for something: B1 to B3, B7.</summary>
public sealed class BucketWalPacingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly InMemoryObjectStore _store = new();
    private readonly ConcurrentQueue<StoreRequest> _requests = [];
    private readonly SteppedTime _time = new();

    [Fact]
    public async Task An_acknowledgement_is_one_put_and_nothing_else_B1()
    {
        await using BucketWal wal = await OpenAsync(Counted(), Options());
        _requests.Clear();
        for (int i = 1; i <= 20; i++)
        {
            await wal.AppendAsync(i);
        }

        Assert.Equal(Enumerable.Repeat(StoreRequest.Put, 20), _requests);
    }

    [Fact]
    public async Task Appends_that_arrive_while_a_put_is_in_flight_share_the_next_one_B1()
    {
        GatedObjectStore gated = new(Counted());
        BucketWal wal = await OpenAsync(gated, Options() with { MaxInFlight = 1 });
        _requests.Clear();
        Task<WalPosition> first = wal.AppendAsync(1);
        GatedPut put = await gated.NextAsync();
        Task<WalPosition>[] rest = [.. Enumerable.Range(2, 50).Select(i => wal.AppendAsync(i))];
        put.Let();
        (await gated.NextAsync()).Let();

        Assert.Equal(1, (await first).Value);
        Assert.Equal(Enumerable.Range(2, 50), (await Task.WhenAll(rest)).Select(position => (int)position.Value));
        Assert.Equal([StoreRequest.Put, StoreRequest.Put], _requests);
        Assert.Equal(2, wal.SlotsWritten);
        await wal.DisposeAsync();

        // Whoever comes next finds as many.
        await using BucketWal again = new(_store, Options(2));
        await RecoverAsync(again);
        Assert.Equal(2, again.SlotsWritten);
    }

    [Fact]
    public async Task A_log_that_rests_asks_for_nothing_and_waits_for_no_time_B2()
    {
        await using BucketWal wal = await OpenAsync(Counted(), Options(time: _time) with { MaxPutsPerSecond = 5, MaxLinger = TimeSpan.FromMilliseconds(50) });
        await wal.AppendAsync(1);
        _requests.Clear();
        Assert.Equal(0, _time.Waiting);

        _time.Advance(TimeSpan.FromDays(1));

        Assert.Empty(_requests);
    }

    [Fact]
    public async Task A_trim_that_frees_nothing_asks_for_nothing_B7()
    {
        await using BucketWal wal = await OpenAsync(Counted(), Options());
        await wal.AppendAsync(1);
        await wal.AppendAsync(2);
        await wal.TrimAsync(new WalPosition(1), default);
        _requests.Clear();

        await wal.TrimAsync(new WalPosition(1), default);
        await wal.TrimAsync(new WalPosition(2), default);

        Assert.Empty(_requests);
        Assert.Equal(0, wal.UsedBytes);
    }

    [Fact]
    public async Task No_more_than_k_puts_are_in_flight_and_all_acknowledge_in_order_B3()
    {
        GatedObjectStore gated = new(_store);
        await using BucketWal wal = await OpenAsync(gated, Options() with { MaxInFlight = 3 });
        List<GatedPut> puts = [];
        List<Task<WalPosition>> appends = [];
        for (int i = 1; i <= 3; i++)
        {
            appends.Add(wal.AppendAsync(i));
            puts.Add(await gated.NextAsync());
        }

        appends.Add(wal.AppendAsync(4));
        appends.Add(wal.AppendAsync(5));
        puts[2].Let();
        puts[1].Let();
        Assert.All(appends, append => Assert.False(append.IsCompleted));
        Assert.Equal(3, gated.Begun);
        puts[0].Let();
        (await gated.NextAsync()).Let();

        Assert.Equal([1, 2, 3, 4, 5], (await Task.WhenAll(appends)).Select(position => position.Value));
        Assert.Equal(4, gated.Begun);
    }

    [Fact]
    public async Task A_batch_waits_for_company_while_a_put_is_in_flight_but_no_longer_than_the_linger_B3()
    {
        GatedObjectStore gated = new(_store);
        await using BucketWal wal = await OpenAsync(gated, Options(time: _time) with { MaxInFlight = 2, MaxLinger = TimeSpan.FromMilliseconds(50) });
        Task first = wal.AppendAsync(1);
        GatedPut put = await gated.NextAsync();
        Task second = wal.AppendAsync(2);
        await UntilAsync(() => _time.Waiting == 1);
        _time.Advance(TimeSpan.FromMilliseconds(49));
        Assert.Equal(1, gated.Begun);

        _time.Advance(TimeSpan.FromMilliseconds(1));

        (await gated.NextAsync()).Let();
        put.Let();
        await Task.WhenAll(first, second);
    }

    [Fact]
    public async Task A_full_batch_waits_neither_for_company_nor_for_the_budget_B3()
    {
        GatedObjectStore gated = new(_store);
        BucketWalOptions options = Options(time: _time) with { MaxInFlight = 2, MaxLinger = TimeSpan.FromHours(1), MaxPutsPerSecond = 1, MaxBatchBytes = 1000 };
        await using BucketWal wal = await OpenAsync(gated, options);
        Task first = wal.AppendAsync(1);
        GatedPut put = await gated.NextAsync();
        Task second = wal.AppendAsync(2);
        await UntilAsync(() => _time.Waiting == 1);
        Assert.Equal(1, gated.Begun);

        Task third = wal.AppendAsync(3, 900);

        (await gated.NextAsync()).Let();
        put.Let();
        await UntilAsync(() => _time.Waiting == 1 || third.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));
        (await gated.NextAsync()).Let();
        await Task.WhenAll(first, second, third);
    }

    [Fact]
    public async Task Puts_that_are_not_full_keep_to_the_budget_and_use_what_was_saved_B3()
    {
        const int Budget = 4;
        const int Appends = 40;
        await using BucketWal wal = await OpenAsync(Counted(), Options(time: _time) with { MaxPutsPerSecond = Budget });
        _requests.Clear();
        long start = _time.GetTimestamp();
        for (int i = 1; i <= Appends; i++)
        {
            Task append = wal.AppendAsync(i);
            while (!append.IsCompleted)
            {
                await UntilAsync(() => _time.Waiting > 0 || append.IsCompleted);
                _time.Advance(TimeSpan.FromMilliseconds(append.IsCompleted ? 0 : 10));
            }

            Assert.True(i > Budget || _time.GetElapsedTime(start) == TimeSpan.Zero, "what is saved is not used");
        }

        double seconds = _time.GetElapsedTime(start).TotalSeconds;
        Assert.Equal(Appends, _requests.Count);
        Assert.InRange(Appends, (Budget * seconds) - 1, (Budget * seconds) + Budget + 1);
    }

    // A producer that has sent all it may without an acknowledgement waits for the store only.
    [Fact]
    public async Task A_batch_that_is_not_small_does_not_wait_for_the_budget_B3()
    {
        GatedObjectStore gated = new(_store);
        BucketWalOptions options = Options(time: _time) with { MaxInFlight = 2, MaxPutsPerSecond = 1, SmallPutBytes = 1000 };
        await using BucketWal wal = await OpenAsync(gated, options);
        Task first = wal.AppendAsync(1);
        (await gated.NextAsync()).Let();
        await first;
        Task second = wal.AppendAsync(2);
        await UntilAsync(() => _time.Waiting == 1);
        Assert.Equal(1, gated.Begun);

        Task third = wal.AppendAsync(3, 1000);

        (await gated.NextAsync()).Let();
        await Task.WhenAll(second, third);
    }

    // A batch is sent as full when the next append does not fit any more.
    [Fact]
    public async Task Full_batches_leave_no_debt_to_the_budget_B3()
    {
        BucketWalOptions options = Options(time: _time) with { MaxInFlight = 1, MaxPutsPerSecond = 1, MaxBatchBytes = 1000, SmallPutBytes = 1000 };
        await using BucketWal wal = await OpenAsync(_store, options);
        Task[] full = [.. Enumerable.Range(1, 100).Select(i => wal.AppendAsync(i, i < 100 ? 580 : 1000))];
        await Task.WhenAll(full).WaitAsync(Patience);

        Task last = wal.AppendAsync(101);
        await UntilAsync(() => _time.Waiting == 1 || last.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        await last.WaitAsync(Patience);
    }

    [Fact]
    public async Task No_put_is_larger_than_the_batchs_bound_unless_one_append_is_B3()
    {
        const int Bound = 1000;
        GatedObjectStore gated = new(_store);
        await using BucketWal wal = await OpenAsync(gated, Options() with { MaxInFlight = 1, MaxBatchBytes = Bound });
        List<Task> appends = [wal.AppendAsync(1)];
        GatedPut next = await gated.NextAsync();
        appends.AddRange(Enumerable.Range(2, 30).Select(i => wal.AppendAsync(i, i == 15 ? 3 * Bound : 100)));
        List<long> sizes = [];
        while (true)
        {
            sizes.Add(next.BodyBytes - LogFrame.HeaderBytes - BucketSlot.HeaderBytes);
            next.Let();
            Task all = Task.WhenAll(appends);
            Task<GatedPut> put = gated.NextAsync();
            if (await Task.WhenAny(all, put) == all)
            {
                break;
            }

            next = await put;
        }

        Assert.Single(sizes, size => size > Bound);
        Assert.Contains((3 * Bound) + BucketSlot.RecordBytes, sizes);
        Assert.InRange(sizes.Count, 6, 8);
    }

    private FaultyObjectStore Counted() => new(_store, (request, _, _) =>
    {
        _requests.Enqueue(request);
        return Fault.None;
    });

    private static async Task UntilAsync(Func<bool> condition)
    {
        using CancellationTokenSource deadline = new(Patience);
        while (!condition())
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
