using System.Net;
using Broker.Actors;
using Broker.Actors.Configuration;
using Broker.Actors.Inspection;
using Broker.Actors.Metrics;
using Broker.Actors.Storage;
using Broker.Node.Metrics;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;

namespace Broker.Node.Management;

/// <summary>What a node tells of itself, from before it opens its storage to its end: its metrics, and the server that is asked for them.</summary>
public sealed class NodeTelemetry : IManagedNode, IAsyncDisposable
{
    private readonly BrokerOptions _options;
    private readonly StoreMetrics _store;
    private readonly TimeProvider _clock;
    private readonly DateTimeOffset _countingSince;
    private readonly ObjectTotals _totals = new();
    private readonly NodeMetrics _metrics;
    private readonly MeterProvider? _export;
    private volatile BrokerSystem? _system;
    private volatile StorageEngine? _storage;
    private volatile NodeInspection? _inspection;
    private volatile bool _isReady;
    private ManagementServer? _server;

    private NodeTelemetry(BrokerOptions options, StoreMetrics store, TimeProvider clock)
    {
        (_options, _store, _clock, _countingSince) = (options, store, clock, clock.GetUtcNow());

        // Before the instruments: what is collected of times begins with the first.
        _export = MetricsExport.Start(options);
        _metrics = new NodeMetrics(store);
    }

    /// <summary>What the node's actors are to count in.</summary>
    public BrokerMetrics Broker => _metrics.Broker;

    /// <summary>Where the node can be asked; null when <c>management.listener</c> says nowhere.</summary>
    public IPEndPoint? Address => _server?.Address;

    // A store that is away for a while comes back by itself; what is lost does not.
    bool IManagedNode.IsReady => _isReady && _storage?.Loss is null;

    /// <summary>Starts to collect and to answer; the node is not ready yet.</summary>
    /// <exception cref="IOException">The address cannot be listened on; the message names the setting.</exception>
    public static async Task<NodeTelemetry> StartAsync(BrokerOptions options, StoreMetrics store, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellation)
    {
        NodeTelemetry telemetry = new(options, store, clock);
        try
        {
            if (options.Management.Listener is { } listener)
            {
                telemetry._server = await ManagementServer.StartAsync(listener, telemetry, telemetry._export!, loggers, cancellation);
            }

            return telemetry;
        }
        catch
        {
            await telemetry.DisposeAsync();
            throw;
        }
    }

    // To the end: how far a node is that leaves is asked of it, too.
    NodeInspection? IManagedNode.Inspection => _inspection;

    /// <summary>The node serves.</summary>
    public void Ready(StorageEngine storage, BrokerSystem system, NodeInspection inspection)
    {
        _metrics.Observe(storage, system);
        (_storage, _system, _inspection) = (storage, system, inspection);
        _isReady = true;
    }

    /// <summary>The node serves no longer.</summary>
    public void Stopping() => _isReady = false;

    StoreUsage IManagedNode.StoreUsage()
    {
        ClientTraffic traffic = Broker.Traffic;
        MetadataImage image = _system?.Metadata.Current ?? MetadataImage.Empty;
        return new StoreUsage(
            _options.ObjectStore.Description,
            _options.NodeId.Value,
            _countingSince,
            _clock.GetUtcNow(),
            traffic.ProducedBytes,
            traffic.ProducedRecords,
            traffic.FetchedBytes,
            traffic.FetchedRecords,
            image.Objects.Count,
            _totals.BytesOf(image),
            [.. _store.Snapshot().Select(ToRequests)]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (_export is not null)
        {
            MetricsExport.Stop(_export);
        }

        _metrics.Dispose();
    }

    private static StoreRequests ToRequests(StoreCounts counts) => new(
        StoreInstruments.NameOf(counts.Operation),
        counts.Purpose,
        counts.Requests,
        counts.Bytes,
        counts.ConditionsFailed,
        counts.Unknown,
        counts.Errors.ToDictionary(error => StoreInstruments.NameOf(error.Key), error => error.Value));
}
