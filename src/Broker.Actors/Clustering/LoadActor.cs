using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.ObjectStore;

namespace Broker.Actors.Clustering;

/// <summary>Tells the coordinator's node what this node's partitions carry.</summary>
internal sealed class LoadActor : ReceiveActor, IWithTimers
{
    /// <summary>How often. Long enough to be more than a burst, short enough for a node that was added to be given work within a minute.</summary>
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(5);

    // How much of a report is news: what comes and goes within some reports moves nothing.
    private const double Fresh = 0.3;

    // Beyond, the busiest are told of: the rest is not what makes a node busy.
    private const int MostStreams = 1000;

    private readonly NodeId _node;
    private readonly PartitionDirectory _partitions;
    private readonly IActorRef _coordinator;
    private readonly TimeProvider _clock;
    private Dictionary<StreamId, (PartitionLoad Load, long Bytes, double Rate)> _known = [];
    private long _since;

    /// <param name="node">This node.</param>
    /// <param name="partitions">What is open on it.</param>
    /// <param name="coordinator">What leads to the <see cref="CoordinatorSingleton"/>.</param>
    /// <param name="clock">The node's.</param>
    public LoadActor(NodeId node, PartitionDirectory partitions, IActorRef coordinator, TimeProvider clock)
    {
        (_node, _partitions, _coordinator, _clock) = (node, partitions, coordinator, clock);
        _since = clock.GetTimestamp();
        Receive<Report>(_ => OnReport());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Report), Report.Instance, ReportEvery);

    private void OnReport()
    {
        double seconds = _clock.GetElapsedTime(_since).TotalSeconds;
        _since = _clock.GetTimestamp();
        Dictionary<StreamId, (PartitionLoad, long, double)> known = [];
        List<(StreamId Stream, double BytesPerSecond)> busy = [];
        foreach ((StreamId stream, PartitionLoad load) in _partitions.Loads)
        {
            long bytes = load.Bytes;

            // One that was opened anew counts from nothing.
            (long before, double rate) = _known.TryGetValue(stream, out (PartitionLoad Load, long Bytes, double Rate) last) && last.Load == load ? (last.Bytes, last.Rate) : (0, 0);
            rate += Fresh * (((bytes - before) / seconds) - rate);
            known[stream] = (load, bytes, rate);
            if (rate >= 1)
            {
                busy.Add((stream, rate));
            }
        }

        _known = known;
        _coordinator.Tell(new NodeLoad(_node, [.. busy.OrderByDescending(one => one.BytesPerSecond).Take(MostStreams)]));
    }

    private sealed record Report
    {
        public static readonly Report Instance = new();
    }
}
