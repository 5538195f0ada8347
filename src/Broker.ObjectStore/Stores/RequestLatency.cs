namespace Broker.ObjectStore;

/// <summary>
/// The recent latencies of requests of one kind, by size: each class holds the last 256 of up to 64 KiB, 512 KiB, 4 MiB or more. A quantile follows a change of the store
/// within as many. Thread-safe.
/// </summary>
internal sealed class RequestLatency(double quantile, int minSamples)
{
    private const int Kept = 256;

    /// <summary>The quantile is worked out anew after so many requests: sorting for each would cost more than it is worth.</summary>
    private const int Refresh = 16;

    private static readonly long[] UpTo = [64 * 1024, 512 * 1024, 4 * 1024 * 1024, long.MaxValue];

    private readonly SizeClass[] _classes = [.. UpTo.Select(_ => new SizeClass())];

    /// <summary>A request for so many bytes took so long.</summary>
    internal void Record(long bytes, TimeSpan latency)
    {
        SizeClass of = Of(bytes);
        lock (of)
        {
            of.Recent[of.Count % Kept] = latency;
            of.Count++;
            if (of.Count >= minSamples && (of.Count % Refresh == 0 || of.Quantile is null))
            {
                TimeSpan[] sorted = of.Recent[..Math.Min(of.Count, Kept)];
                Array.Sort(sorted);
                of.Quantile = sorted[(int)Math.Min(sorted.Length * quantile, sorted.Length - 1)];
            }
        }
    }

    /// <summary>The quantile of that size; null = too few were seen.</summary>
    internal TimeSpan? QuantileOf(long bytes)
    {
        SizeClass of = Of(bytes);
        lock (of)
        {
            return of.Quantile;
        }
    }

    private SizeClass Of(long bytes) => _classes[Array.FindIndex(UpTo, upTo => bytes <= upTo)];

    private sealed class SizeClass
    {
        internal TimeSpan[] Recent { get; } = new TimeSpan[Kept];

        internal int Count { get; set; }

        internal TimeSpan? Quantile { get; set; }
    }
}
