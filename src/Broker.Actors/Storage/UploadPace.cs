namespace Broker.Actors.Storage;

/// <summary>
/// How fast uploads may go: what waits for them goes within <see cref="Span"/>, so that they flow beside a steady producer instead of coming in bursts that
/// its acknowledgements wait behind; faster as room runs out, and as fast as the store takes them when there is none left.
/// </summary>
internal static class UploadPace
{
    /// <summary>
    /// The share of the WAL, and of the cache, in use beyond which uploads go faster: half is left to absorb a slow store. Faster by and by: a producer of half the cache a
    /// second is at this share all the time, and would be met by bursts without bound.
    /// </summary>
    internal const double Pressure = 0.5;

    /// <summary>How long what waits may take. A second: with it, producers of up to half the cache a second are uploaded as steadily as they write.</summary>
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(1);

    /// <summary>Little may go at this pace: nothing waits behind so few bytes, and no deadline of a store is as slow.</summary>
    private const double LeastBytesPerSecond = 8 << 20;

    /// <summary>Bytes per second, at this moment.</summary>
    /// <param name="waitingBytes">What waits for its upload, or for the end of it.</param>
    /// <param name="cacheBytes">How much the cache may hold of that.</param>
    /// <param name="walBytes">What is in the WAL.</param>
    /// <param name="walCapacityBytes">How much it may hold.</param>
    internal static double BytesPerSecond(long waitingBytes, long cacheBytes, long walBytes, long walCapacityBytes)
    {
        double used = Math.Max((double)waitingBytes / cacheBytes, (double)walBytes / walCapacityBytes);
        if (used >= 1)
        {
            return double.PositiveInfinity;
        }

        double hurry = used <= Pressure ? 1 : (1 - Pressure) / (1 - used);

        // Squared: a producer of a whole cache a second is met a little beyond half, and not where no room is left for what the store is late with.
        return Math.Max(waitingBytes / Span.TotalSeconds * hurry * hurry, LeastBytesPerSecond);
    }
}
