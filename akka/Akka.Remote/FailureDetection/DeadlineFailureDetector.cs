using Akka.Configuration;
using Akka.Event;

namespace Akka.Remote;

/// <summary>Holds a resource for gone when its last heartbeat is older than interval plus pause.</summary>
public class DeadlineFailureDetector : FailureDetector
{
    private const long Never = long.MinValue;

    private readonly Clock _clock;
    private readonly long _deadlineMs;
    private long _lastHeartbeatMs = Never;

    public DeadlineFailureDetector(TimeSpan acceptableHeartbeatPause, TimeSpan heartbeatInterval, Clock? clock = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(acceptableHeartbeatPause, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(heartbeatInterval, TimeSpan.Zero);
        _deadlineMs = (long)(acceptableHeartbeatPause + heartbeatInterval).TotalMilliseconds;
        _clock = clock ?? DefaultClock;
    }

    public DeadlineFailureDetector(TimeSpan acceptableHeartbeatPause, Clock? clock = null)
        : this(acceptableHeartbeatPause, TimeSpan.Zero, clock)
    {
    }

    /// <param name="config">With <c>acceptable-heartbeat-pause</c> and <c>heartbeat-interval</c>.</param>
    /// <param name="eventStream">Kept for the API's sake.</param>
    public DeadlineFailureDetector(Config config, EventStream eventStream)
        : this(config.GetTimeSpan("acceptable-heartbeat-pause"), config.GetTimeSpan("heartbeat-interval")) => _ = eventStream;

    public override bool IsAvailable => Volatile.Read(ref _lastHeartbeatMs) is long last && (last == Never || last + _deadlineMs > _clock());

    public override bool IsMonitoring => Volatile.Read(ref _lastHeartbeatMs) != Never;

    public override void HeartBeat() => Volatile.Write(ref _lastHeartbeatMs, _clock());
}
