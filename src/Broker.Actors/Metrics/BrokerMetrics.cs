using System.Diagnostics.Metrics;

namespace Broker.Actors.Metrics;

/// <summary>
/// What the actors of a node count of their work, for whoever wants to show it. The counts are passive numbers that are read; only times are told to the
/// meter as they happen, and cost next to nothing while nobody listens. No label names a topic, a client or a partition: what is kept is bounded.
/// </summary>
public sealed class BrokerMetrics
{
    /// <summary>The name of the node's meter.</summary>
    public const string MeterName = "Broker";

    /// <param name="meter">Where times go; null: nowhere.</param>
    public BrokerMetrics(Meter? meter = null)
    {
        Requests = new RequestMetrics(meter);
        Wal = new WalMetrics(meter);
    }

    /// <summary>Records that clients wrote and read.</summary>
    public ClientTraffic Traffic { get; } = new();

    /// <summary>Requests of clients.</summary>
    public RequestMetrics Requests { get; }

    /// <summary>Appends to the write-ahead log.</summary>
    public WalMetrics Wal { get; }

    /// <summary>Uploads of objects.</summary>
    public UploadMetrics Uploads { get; } = new();
}
