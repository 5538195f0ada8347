using Akka.Configuration;

namespace Akka.Coordination;

/// <summary>How long a lease lasts, how often it is renewed, and how long an operation on it may take.</summary>
public sealed class TimeoutSettings
{
    /// <summary>What the interval is of the time-out where it is not set: several renewals may fail.</summary>
    private const int HeartbeatsPerTimeout = 10;

    private static readonly TimeSpan ShortestInterval = TimeSpan.FromSeconds(5);

    public TimeoutSettings(TimeSpan heartbeatInterval, TimeSpan heartbeatTimeout, TimeSpan operationTimeout)
    {
        HeartbeatInterval = heartbeatInterval;
        HeartbeatTimeout = heartbeatTimeout;
        OperationTimeout = operationTimeout;
    }

    public TimeSpan HeartbeatInterval { get; }

    /// <summary>A lease that was not renewed for this long is free.</summary>
    public TimeSpan HeartbeatTimeout { get; }

    public TimeSpan OperationTimeout { get; }

    /// <param name="config">With <c>heartbeat-interval</c> (may be empty), <c>heartbeat-timeout</c>, <c>lease-operation-timeout</c>.</param>
    /// <exception cref="ArgumentException">The interval is not well below the time-out.</exception>
    public static TimeoutSettings Create(Config config)
    {
        TimeSpan timeout = config.GetTimeSpan("heartbeat-timeout");
        TimeSpan interval = string.IsNullOrEmpty(config.GetString("heartbeat-interval"))
            ? TimeSpan.FromTicks(Math.Max((timeout / HeartbeatsPerTimeout).Ticks, ShortestInterval.Ticks))
            : config.GetTimeSpan("heartbeat-interval");
        return interval < timeout / 2
            ? new TimeoutSettings(interval, timeout, config.GetTimeSpan("lease-operation-timeout"))
            : throw new ArgumentException("heartbeat-interval must be less than half heartbeat-timeout", nameof(config));
    }

    public TimeoutSettings WithHeartbeatInterval(TimeSpan heartbeatInterval) => new(heartbeatInterval, HeartbeatTimeout, OperationTimeout);

    public TimeoutSettings WithHeartbeatTimeout(TimeSpan heartbeatTimeout) => new(HeartbeatInterval, heartbeatTimeout, OperationTimeout);

#pragma warning disable IDE1006 // The original's name.
    public TimeoutSettings withOperationTimeout(TimeSpan operationTimeout) => new(HeartbeatInterval, HeartbeatTimeout, operationTimeout);
#pragma warning restore IDE1006

    public override string ToString() => $"TimeoutSettings({HeartbeatInterval}, {HeartbeatTimeout}, {OperationTimeout})";
}
