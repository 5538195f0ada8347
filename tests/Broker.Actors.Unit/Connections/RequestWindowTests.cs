using Broker.Actors.Connections;

namespace Broker.Actors.Unit.Connections;

public sealed class RequestWindowTests
{
    [Theory]
    [InlineData(2, 1_000)]
    [InlineData(100, 200)]
    public async Task One_more_waits_until_another_is_answered(int maxRequests, long maxBytes)
    {
        using RequestWindow window = new(maxRequests, maxBytes);
        Assert.True(await window.EnterAsync(100, CancellationToken.None));
        Assert.False(await window.EnterAsync(100, CancellationToken.None));

        ValueTask<bool> third = window.EnterAsync(100, CancellationToken.None);
        Assert.False(third.IsCompleted);

        window.Leave(100);
        Assert.False(await third);
    }

    [Fact]
    public async Task Request_larger_than_all_bytes_goes_alone()
    {
        using RequestWindow window = new(100, 1_000);
        await window.EnterAsync(10, CancellationToken.None);

        ValueTask<bool> large = window.EnterAsync(5_000, CancellationToken.None);
        Assert.False(large.IsCompleted);
        window.Leave(10);
        Assert.True(await large);

        ValueTask<bool> next = window.EnterAsync(10, CancellationToken.None);
        Assert.False(next.IsCompleted);
        window.Leave(5_000);
        Assert.True(await next);
    }
}
