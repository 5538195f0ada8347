using System.Net;
using Akka.Configuration;
using Broker.Actors;
using Broker.Actors.Clustering;
using Broker.Actors.Configuration;
using Broker.Actors.Inspection;
using Broker.Actors.Storage;
using Broker.Node.Management;
using Broker.ObjectStore;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Broker.Node.Composition;

/// <summary>One broker process: storage, actors and listeners, started and stopped in that order and its reverse.</summary>
public sealed class BrokerNode : IAsyncDisposable
{
    // Clients of a node that was replaced wait for nothing of it, and are to look for their leaders at once. Not zero: the listeners are to be closed first.
    private static readonly TimeSpan ReplacedPatience = TimeSpan.FromMilliseconds(100);

    private readonly BrokerOptions _options;
    private readonly ObjectStores _objects;
    private readonly StorageEngine _storage;
    private readonly BrokerSystem _system;
    private readonly ClusterNode? _cluster;
    private readonly WebApplication _listeners;
    private readonly NodeTelemetry _telemetry;
    private readonly ILogger _log;

    private BrokerNode(BrokerOptions options, OpenedNode opened, WebApplication listeners, NodeTelemetry telemetry, ILogger log)
    {
        (_options, _listeners, _telemetry, _log) = (options, listeners, telemetry, log);
        Fenced = opened.Cluster is { } cluster ? Task.WhenAny(opened.System.Fenced, cluster.Gone).Unwrap() : opened.System.Fenced;
        (_objects, _storage, _system, _cluster) = (opened.Objects, opened.Storage, opened.System, opened.Cluster);
    }

    /// <summary>The addresses that accept connections; a port of 0 in the options is a real one here.</summary>
    public IReadOnlyList<Listener> BoundListeners { get; private init; } = [];

    /// <summary>Where metrics and health are asked for; null: nowhere.</summary>
    public IPEndPoint? ManagementAddress => _telemetry.Address;

    /// <summary>Completes when another node has taken over this one's metadata or WAL, or the cluster goes on without it.</summary>
    public Task<Exception> Fenced { get; }

    /// <summary>Why nothing can be appended any more: a log that this node relies on is gone from its store. Null: none is.</summary>
    public StorageException? Loss => _storage.Loss;

    /// <summary>Starts a node; it serves when this returns. Waits for a store that is away, and for room on a full disk (<see cref="StoreWait"/>).</summary>
    /// <param name="options">Its settings.</param>
    /// <param name="hocon">Its actors'.</param>
    /// <param name="loggers">For its log.</param>
    /// <param name="sources">Time, ids and randomness.</param>
    /// <param name="lifetime">When it is to stop.</param>
    /// <param name="hasServed">Whether the process has served before (<see cref="StoreWait"/>).</param>
    /// <exception cref="StorageException">The store or the write-ahead log cannot be opened, and waiting will not help.</exception>
    /// <exception cref="IOException">An address cannot be listened on, or the data folder cannot be made.</exception>
    /// <exception cref="OperationCanceledException">Through <paramref name="lifetime"/>.</exception>
    public static async Task<BrokerNode> StartAsync(BrokerOptions options, Config hocon, ILoggerFactory loggers, StorageSources sources, NodeLifetime lifetime, bool hasServed = false)
    {
        Listeners.Check(options);
        CancellationToken cancellation = lifetime.Stopping;
        ILogger log = loggers.CreateLogger("Broker.Node");
        StoreMetrics requests = new();
        StoreAvailability availability = ObjectStores.Watch(options.ObjectStore, sources.Clock, loggers.CreateLogger("Broker.Store"));

        // First of all: a node that waits for its store can be asked how it is.
        NodeTelemetry telemetry = await NodeTelemetry.StartAsync(options, requests, sources.Clock, loggers, cancellation);
        OpenedNode? opened = null;
        try
        {
            opened = await new StoreWait(options, sources.Clock, log, hasServed).UntilAsync(
                ct => OpenedNode.OpenAsync(options, hocon, loggers, sources, requests, availability, telemetry.Broker, ct), cancellation);
            WebApplication listeners = Listeners.Build(options, opened.System, sources.Clock, loggers);
            await listeners.StartAsync(cancellation);
            telemetry.Ready(opened.Storage, opened.System, new NodeInspection(opened.Actors, opened.System, options, () => Leave(lifetime, log)));
            return new BrokerNode(options, opened, listeners, telemetry, log) { BoundListeners = options.Listeners };
        }
        catch
        {
            await telemetry.DisposeAsync();
            if (opened is not null)
            {
                await opened.Actors.Terminate();
                await opened.Storage.DisposeAsync();
                opened.Objects.Dispose();
            }

            throw;
        }
    }

    private static void Leave(NodeLifetime lifetime, ILogger log)
    {
        BrokerNodeLog.Leaving(log);
        lifetime.Stop();
    }

    /// <summary>Has what it leads led by others (unless they have taken it over), stops accepting, ends connections, brings writes and uploads to their end, and closes the storage.</summary>
    public async ValueTask DisposeAsync()
    {
        _telemetry.Stopping();
        if (_cluster is { } cluster)
        {
            await (Fenced.IsCompleted ? cluster.DownAsync() : cluster.DrainAsync(_options.ShutdownTimeout / 2, _log));
        }

        using CancellationTokenSource patience = new(Fenced.IsCompleted ? ReplacedPatience : _options.ShutdownTimeout / 4);
        try
        {
            await _listeners.StopAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // Connections that would not end are dropped with the process: their clients try again elsewhere.
        }

        await _system.StopAsync(_options.ShutdownTimeout / 2, _log);
        await _listeners.DisposeAsync();
        await _telemetry.DisposeAsync();
        await _storage.DisposeAsync();
        await (_cluster?.LeaveAsync(_options.ShutdownTimeout / 4) ?? Task.CompletedTask);
        _objects.Dispose();
    }
}

internal static partial class BrokerNodeLog
{
    [LoggerMessage(EventId = 6113, EventName = "LeaveRequested", Level = LogLevel.Information, Message = "An operator has this node leave")]
    public static partial void Leaving(ILogger log);
}
