using Broker.Actors.Connections;
using Broker.Actors.Unit.Fakes;

namespace Broker.Actors.Unit.Connections;

/// <summary>An operator hears of refused connections, but not of each.</summary>
public sealed class RefusedConnectionsTests
{
    [Fact]
    public void Refused_connections_are_told_of_every_ten_seconds_with_their_number()
    {
        TestClock clock = new();
        RefusedConnections refused = new(clock);

        Assert.Equal([1, 0, 0], [refused.Add(), refused.Add(), refused.Add()]);
        clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(0, refused.Add());
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([4, 0], [refused.Add(), refused.Add()]);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(2, refused.Add());
    }
}
