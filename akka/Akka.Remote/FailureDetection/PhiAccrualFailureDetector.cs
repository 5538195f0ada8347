using Akka.Configuration;
using Akka.Event;

namespace Akka.Remote;

/// <summary>
/// Suspects a resource the more, the less likely its silence is after the intervals between its heartbeats so far
/// (Hayashibara et al., "The phi accrual failure detector"): phi is -log10 of the likelihood that a heartbeat still comes.
/// </summary>
public class PhiAccrualFailureDetector : FailureDetector
{
    private const long Never = long.MinValue;

    private readonly Lock _lock = new();
    private readonly Clock _clock;
    private readonly double _threshold;
    private readonly double _minStdDeviationMs;
    private readonly double _acceptableHeartbeatPauseMs;
    private readonly HeartbeatHistory _history;
    private long _lastHeartbeatMs = Never;

    /// <param name="threshold">The phi from which on the resource is held for gone: 8 is a mistake in 10^8, given regular heartbeats.</param>
    /// <param name="maxSampleSize">How many intervals are remembered.</param>
    /// <param name="minStdDeviation">The least deviation that is reckoned with: regular heartbeats would make it too small.</param>
    /// <param name="acceptableHeartbeatPause">Silence that says nothing yet: pauses of garbage collection, a busy machine.</param>
    /// <param name="firstHeartbeatEstimate">The interval to begin with.</param>
    /// <param name="clock">For tests.</param>
    public PhiAccrualFailureDetector(
        double threshold, int maxSampleSize, TimeSpan minStdDeviation, TimeSpan acceptableHeartbeatPause, TimeSpan firstHeartbeatEstimate, Clock? clock = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(threshold, 0);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(maxSampleSize, 0);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(minStdDeviation, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(acceptableHeartbeatPause, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(firstHeartbeatEstimate, TimeSpan.Zero);
        _threshold = threshold;
        _minStdDeviationMs = minStdDeviation.TotalMilliseconds;
        _acceptableHeartbeatPauseMs = acceptableHeartbeatPause.TotalMilliseconds;
        _clock = clock ?? DefaultClock;
        _history = new HeartbeatHistory(maxSampleSize);

        // Two intervals whose deviation is a quarter of the estimate: little is known, so little is concluded.
        double estimateMs = firstHeartbeatEstimate.TotalMilliseconds;
        _history.Add(estimateMs - (estimateMs / 4));
        _history.Add(estimateMs + (estimateMs / 4));
    }

    /// <param name="config">With <c>threshold</c>, <c>max-sample-size</c>, <c>min-std-deviation</c>, <c>acceptable-heartbeat-pause</c> and <c>heartbeat-interval</c>.</param>
    /// <param name="ev">Kept for the API's sake.</param>
    public PhiAccrualFailureDetector(Config config, EventStream ev)
        : this(
            config.GetDouble("threshold"),
            config.GetInt("max-sample-size"),
            config.GetTimeSpan("min-std-deviation"),
            config.GetTimeSpan("acceptable-heartbeat-pause"),
            config.GetTimeSpan("heartbeat-interval")) => _ = ev;

    public override bool IsAvailable => Phi() < _threshold;

    public override bool IsMonitoring
    {
        get
        {
            lock (_lock)
            {
                return _lastHeartbeatMs != Never;
            }
        }
    }

    public override void HeartBeat()
    {
        lock (_lock)
        {
            long nowMs = _clock();

            // The silence before a return says nothing of the intervals that are normal.
            if (_lastHeartbeatMs != Never && Phi(nowMs) < _threshold)
            {
                _history.Add(nowMs - _lastHeartbeatMs);
            }

            _lastHeartbeatMs = nowMs;
        }
    }

    internal double Phi()
    {
        lock (_lock)
        {
            return _lastHeartbeatMs == Never ? 0 : Phi(_clock());
        }
    }

    private double Phi(long nowMs)
    {
        double silenceMs = nowMs - _lastHeartbeatMs;
        double meanMs = _history.MeanMs + _acceptableHeartbeatPauseMs;
        double y = (silenceMs - meanMs) / Math.Max(_history.StdDeviationMs, _minStdDeviationMs);

        // The logistic approximation of the cumulative normal distribution; its error is below 0.00014.
        double e = Math.Exp(-y * (1.5976 + (0.070566 * y * y)));
        return silenceMs > meanMs ? -Math.Log10(e / (1 + e)) : -Math.Log10(1 - (1 / (1 + e)));
    }
}
