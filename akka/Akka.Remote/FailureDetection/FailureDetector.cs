namespace Akka.Remote;

/// <summary>A monotonic clock, in milliseconds.</summary>
public delegate long Clock();

/// <summary>Guesses from the heartbeats of one resource whether it is still there.</summary>
public abstract class FailureDetector
{
    public static readonly Clock DefaultClock = () => Environment.TickCount64;

    protected FailureDetector()
    {
    }

    /// <summary>False once heartbeats have been missing for too long. True before the first one.</summary>
    public abstract bool IsAvailable { get; }

    /// <summary>True once there was a heartbeat.</summary>
    public abstract bool IsMonitoring { get; }

    /// <summary>A heartbeat has come, now.</summary>
    public abstract void HeartBeat();
}
