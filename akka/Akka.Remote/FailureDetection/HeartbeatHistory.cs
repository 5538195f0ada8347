namespace Akka.Remote;

/// <summary>The last intervals between heartbeats, with their mean and deviation; the oldest goes when it is full.</summary>
internal sealed class HeartbeatHistory(int maxSampleSize)
{
    private readonly Queue<double> _intervalsMs = new(Math.Min(maxSampleSize, 64));
    private double _sumMs;
    private double _squaredSumMs;

    public double MeanMs => _sumMs / _intervalsMs.Count;

    public double StdDeviationMs => Math.Sqrt(Math.Max(0, (_squaredSumMs / _intervalsMs.Count) - (MeanMs * MeanMs)));

    public void Add(double intervalMs)
    {
        if (_intervalsMs.Count >= maxSampleSize)
        {
            double oldest = _intervalsMs.Dequeue();
            _sumMs -= oldest;
            _squaredSumMs -= oldest * oldest;
        }

        _intervalsMs.Enqueue(intervalMs);
        _sumMs += intervalMs;
        _squaredSumMs += intervalMs * intervalMs;
    }
}
