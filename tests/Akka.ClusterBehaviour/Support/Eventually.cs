namespace Akka.ClusterBehaviour;

/// <summary>Waits for conditions that nobody signals.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    public static readonly TimeSpan Default = TimeSpan.FromSeconds(10);

    public static async Task Holds(Func<bool> condition, string what, TimeSpan? within = null)
    {
        using CancellationTokenSource expiry = new(within ?? Default);
        using PeriodicTimer timer = new(Interval);
        try
        {
            while (!condition())
            {
                await timer.WaitForNextTickAsync(expiry.Token);
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"not within {within ?? Default}: {what}");
        }
    }
}
