using Broker.TestSupport.Simulation;

namespace Broker.ObjectStore.Unit.Stores;

public sealed class BytePaceTests
{
    private readonly SteppedTime _time = new();

    [Fact]
    public void Pieces_go_one_after_the_other_at_the_pace_whoever_sends_them()
    {
        BytePace pace = new(() => 1000, _time);
        Assert.True(pace.WaitAsync(500, default).IsCompleted);

        Task second = pace.WaitAsync(100, default);
        Task third = pace.WaitAsync(100, default);
        _time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(second.IsCompleted);
        Assert.False(third.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.True(third.IsCompleted);
    }

    [Fact]
    public void Time_in_which_nothing_went_is_not_made_up_for()
    {
        BytePace pace = new(() => 1000, _time);
        Assert.True(pace.WaitAsync(1000, default).IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(60));

        Assert.True(pace.WaitAsync(1000, default).IsCompleted);
        Assert.False(pace.WaitAsync(1000, default).IsCompleted);
    }

    [Fact]
    public void Without_a_bound_nothing_waits_though_it_did_before()
    {
        double rate = 10;
        BytePace pace = new(() => rate, _time);
        Assert.True(pace.WaitAsync(1000, default).IsCompleted);
        Assert.False(pace.WaitAsync(1000, default).IsCompleted);

        rate = double.PositiveInfinity;
        Assert.True(pace.WaitAsync(1 << 30, default).IsCompleted);
        rate = 10;
        Assert.True(pace.WaitAsync(1, default).IsCompleted);
    }
}
