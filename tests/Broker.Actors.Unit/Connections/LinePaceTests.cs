using Broker.Actors.Connections;
using Broker.Actors.Unit.Fakes;

namespace Broker.Actors.Unit.Connections;

/// <summary>An operator hears of refused connections and bad requests, but not of each.</summary>
public sealed class LinePaceTests
{
    [Fact]
    public void What_comes_again_and_again_is_told_of_every_ten_seconds_with_their_number()
    {
        TestClock clock = new();
        LinePace pace = new(clock);

        Assert.Equal([1, 0, 0], [pace.Add(), pace.Add(), pace.Add()]);
        clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(0, pace.Add());
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([4, 0], [pace.Add(), pace.Add()]);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(2, pace.Add());
    }
}
