using System.Net;
using Broker.Actors.Connections;
using Broker.Actors.Unit.Fakes;

namespace Broker.Actors.Unit.Connections;

/// <summary>max.connections and max.connections.per.ip.</summary>
public sealed class ConnectionLimiterTests
{
    private static readonly IPAddress First = IPAddress.Parse("10.0.0.1");
    private static readonly IPAddress Second = IPAddress.Parse("10.0.0.2");
    private readonly ConnectionLimiter _limiter = new(TestOptions.Of(("max.connections", "3"), ("max.connections.per.ip", "2")).Connections);

    [Fact]
    public void Connection_beyond_an_addresss_limit_is_refused_and_not_counted()
    {
        Assert.True(_limiter.TryEnter(First));
        Assert.True(_limiter.TryEnter(First));
        Assert.False(_limiter.TryEnter(First));
        Assert.Equal(2, _limiter.Count);
    }

    [Fact]
    public void Connection_beyond_the_limit_is_refused_until_another_leaves()
    {
        _limiter.TryEnter(First);
        _limiter.TryEnter(First);
        Assert.True(_limiter.TryEnter(Second));
        Assert.False(_limiter.TryEnter(Second));

        _limiter.Leave(First);

        Assert.True(_limiter.TryEnter(Second));
    }
}
