using Broker.Actors.Connections;

namespace Broker.Actors.Unit.Connections;

/// <summary>The node's budget of request bytes.</summary>
public sealed class MemoryBudgetTests
{
    private readonly MemoryBudget _budget = new(100);

    [Fact]
    public void Reservation_is_given_at_once_while_there_is_room()
    {
        Assert.True(Reserve(60).IsCompletedSuccessfully);
        Assert.True(Reserve(40).IsCompletedSuccessfully);
        Assert.Equal(100, _budget.ReservedBytes);
    }

    [Fact]
    public async Task Reservations_are_given_in_order_of_arrival()
    {
        await Reserve(90);
        Task large = Reserve(50);
        Task small = Reserve(5);

        Assert.False(small.IsCompleted, "a small request must not overtake a large one that waits");
        _budget.Release(90);
        await Task.WhenAll(large, small);
        Assert.Equal(55, _budget.ReservedBytes);
    }

    [Fact]
    public async Task Request_larger_than_the_budget_gets_through_alone()
    {
        await Reserve(10);
        Task huge = Reserve(1000);
        Task next = Reserve(1);

        _budget.Release(10);
        await huge;
        Assert.False(next.IsCompleted);
        _budget.Release(1000);
        await next;
    }

    [Fact]
    public async Task Cancelled_reservation_takes_nothing_and_lets_others_on()
    {
        await Reserve(90);
        using CancellationTokenSource stop = new();
        Task cancelled = _budget.ReserveAsync(50, stop.Token);
        Task behind = Reserve(10);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        await behind;
        Assert.Equal(100, _budget.ReservedBytes);
    }

    [Fact]
    public async Task Budget_is_whole_again_after_many_random_reservations()
    {
        const int seed = 5;
        Random random = new(seed);
        List<Task> all = [];
        for (int i = 0; i < 500; i++)
        {
            int bytes = random.Next(1, 150);
            CancellationTokenSource stop = new();
            all.Add(UseAsync(bytes, stop.Token));
            if (random.Next(3) == 0)
            {
                await stop.CancelAsync();
            }
        }

        await Task.WhenAll(all);
        Assert.Equal(0, _budget.ReservedBytes);
    }

    private async Task UseAsync(int bytes, CancellationToken stop)
    {
        try
        {
            await _budget.ReserveAsync(bytes, stop);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        await Task.Yield();
        _budget.Release(bytes);
    }

    private Task Reserve(int bytes) => _budget.ReserveAsync(bytes, CancellationToken.None);
}
