using System.Diagnostics.Metrics;

namespace Broker.Actors.Metrics;

/// <summary>Appends to the write-ahead log, each of a group of record batches. Thread-safe.</summary>
public sealed class WalMetrics
{
    // From a fast disk's sync to the longest that a PUT of unknown outcome is looked after.
    private static readonly double[] BoundsSeconds = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private readonly Histogram<double>? _duration;
    private long _appends;
    private long _bytes;
    private long _refusals;

    internal WalMetrics(Meter? meter) => _duration = meter?.CreateHistogram(
        "broker_wal_append_duration_seconds",
        "s",
        "From handing a group of record batches to the write-ahead log to its durability.",
        tags: null,
        new InstrumentAdvice<double> { HistogramBucketBoundaries = BoundsSeconds });

    /// <summary>Groups that became durable.</summary>
    public long Appends => Interlocked.Read(ref _appends);

    /// <summary>Bytes of their record batches.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Groups that were refused, or whose outcome is unknown.</summary>
    public long Refusals => Interlocked.Read(ref _refusals);

    internal void Appended(long bytes, TimeSpan took)
    {
        _duration?.Record(took.TotalSeconds);
        Interlocked.Increment(ref _appends);
        Interlocked.Add(ref _bytes, bytes);
    }

    internal void Refused() => Interlocked.Increment(ref _refusals);
}
