using Akka.Configuration;

namespace Akka.Cluster.Sharding;

/// <summary>Times and bounds of sharding.</summary>
public class TuningParameters
{
    public readonly TimeSpan RetryInterval;
    public readonly int BufferSize;
    public readonly TimeSpan HandOffTimeout;
    public readonly TimeSpan RebalanceInterval;
    public readonly TimeSpan WaitingForStateTimeout;
    public readonly int LeastShardAllocationRebalanceThreshold;
    public readonly int LeastShardAllocationMaxSimultaneousRebalance;
    public readonly int LeastShardAllocationAbsoluteLimit;
    public readonly double LeastShardAllocationRelativeLimit;

    internal TuningParameters(Config section)
    {
        RetryInterval = Positive("retry-interval", section.GetTimeSpan("retry-interval", allowInfinite: false));
        BufferSize = NotNegative("buffer-size", section.GetInt("buffer-size"));
        HandOffTimeout = Positive("handoff-timeout", section.GetTimeSpan("handoff-timeout", allowInfinite: false));
        RebalanceInterval = Positive("rebalance-interval", section.GetTimeSpan("rebalance-interval", allowInfinite: false));
        WaitingForStateTimeout = Positive("waiting-for-state-timeout", section.GetTimeSpan("waiting-for-state-timeout", allowInfinite: false));
        Config least = section.GetConfig("least-shard-allocation-strategy");
        LeastShardAllocationRebalanceThreshold = least.GetInt("rebalance-threshold");
        LeastShardAllocationMaxSimultaneousRebalance = least.GetInt("max-simultaneous-rebalance");
        LeastShardAllocationAbsoluteLimit = NotNegative("rebalance-absolute-limit", least.GetInt("rebalance-absolute-limit"));
        LeastShardAllocationRelativeLimit = least.GetDouble("rebalance-relative-limit");
    }

    private TuningParameters(TuningParameters from, TimeSpan? retryInterval = null, int? bufferSize = null, TimeSpan? handOffTimeout = null, TimeSpan? rebalanceInterval = null, TimeSpan? waitingForStateTimeout = null)
    {
        RetryInterval = Positive(nameof(RetryInterval), retryInterval ?? from.RetryInterval);
        BufferSize = NotNegative(nameof(BufferSize), bufferSize ?? from.BufferSize);
        HandOffTimeout = Positive(nameof(HandOffTimeout), handOffTimeout ?? from.HandOffTimeout);
        RebalanceInterval = Positive(nameof(RebalanceInterval), rebalanceInterval ?? from.RebalanceInterval);
        WaitingForStateTimeout = Positive(nameof(WaitingForStateTimeout), waitingForStateTimeout ?? from.WaitingForStateTimeout);
        LeastShardAllocationRebalanceThreshold = from.LeastShardAllocationRebalanceThreshold;
        LeastShardAllocationMaxSimultaneousRebalance = from.LeastShardAllocationMaxSimultaneousRebalance;
        LeastShardAllocationAbsoluteLimit = from.LeastShardAllocationAbsoluteLimit;
        LeastShardAllocationRelativeLimit = from.LeastShardAllocationRelativeLimit;
    }

    public TuningParameters WithRetryInterval(TimeSpan retryInterval) => new(this, retryInterval: retryInterval);

    public TuningParameters WithBufferSize(int bufferSize) => new(this, bufferSize: bufferSize);

    public TuningParameters WithHandOffTimeout(TimeSpan handOffTimeout) => new(this, handOffTimeout: handOffTimeout);

    public TuningParameters WithRebalanceInterval(TimeSpan rebalanceInterval) => new(this, rebalanceInterval: rebalanceInterval);

    public TuningParameters WithWaitingForStateTimeout(TimeSpan waitingForStateTimeout) => new(this, waitingForStateTimeout: waitingForStateTimeout);

    private static TimeSpan Positive(string name, TimeSpan value) => value > TimeSpan.Zero
        ? value
        : throw new ConfigurationException($"akka.cluster.sharding: {name} must be more than nothing.");

    private static int NotNegative(string name, int value) => value >= 0
        ? value
        : throw new ConfigurationException($"akka.cluster.sharding: {name} must not be negative.");
}
