namespace Broker.Actors.Unit.EndToEnd;

/// <summary>Waits for what other threads bring about.</summary>
internal static class Eventually
{
    /// <summary>Beyond, it does not come about.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    public static Task HoldsAsync(Func<bool> condition, string otherwise) => HoldsAsync(() => Task.FromResult(condition()), otherwise);

    public static async Task HoldsAsync(Func<Task<bool>> condition, string otherwise)
    {
        long deadline = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (!await condition())
        {
            Assert.True(Environment.TickCount64 < deadline, otherwise);
            await Task.Delay(Interval);
        }
    }
}
