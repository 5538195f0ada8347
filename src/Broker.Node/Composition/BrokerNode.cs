using System.Net;
using Akka.Actor;
using Akka.Configuration;
using Broker.Actors;
using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.Node.Management;
using Broker.ObjectStore;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Broker.Node.Composition;

/// <summary>One broker process: storage, actors and listeners, started and stopped in that order and its reverse.</summary>
public sealed class BrokerNode : IAsyncDisposable
{
    private readonly BrokerOptions _options;
    private readonly ObjectStores _objects;
    private readonly StorageEngine _storage;
    private readonly BrokerSystem _system;
    private readonly WebApplication _listeners;
    private readonly NodeTelemetry _telemetry;
    private readonly ILogger _log;

    private BrokerNode(BrokerOptions options, ObjectStores objects, StorageEngine storage, BrokerSystem system, WebApplication listeners, NodeTelemetry telemetry, ILogger log) =>
        (_options, _objects, _storage, _system, _listeners, _telemetry, _log) = (options, objects, storage, system, listeners, telemetry, log);

    /// <summary>The addresses that accept connections; a port of 0 in the options is a real one here.</summary>
    public IReadOnlyList<Listener> BoundListeners { get; private init; } = [];

    /// <summary>Where metrics and health are asked for; null: nowhere.</summary>
    public IPEndPoint? ManagementAddress => _telemetry.Address;

    /// <summary>Completes when another node has taken over this one's metadata or WAL.</summary>
    public Task<Exception> Fenced => _system.Fenced;

    /// <summary>Starts a node; it serves when this returns.</summary>
    /// <exception cref="StorageException">The store or the write-ahead log cannot be opened.</exception>
    /// <exception cref="IOException">An address cannot be listened on, or the data folder cannot be made.</exception>
    public static async Task<BrokerNode> StartAsync(BrokerOptions options, Config hocon, ILoggerFactory loggers, StorageSources sources, CancellationToken cancellation)
    {
        ILogger log = loggers.CreateLogger("Broker.Node");
        if (options.ObjectStore.Bucket is null || options.Storage.WalKind == WalKind.Disk)
        {
            MakeDataFolder(options.DataFolder);
        }

        ObjectStores objects = ObjectStores.Open(options.ObjectStore, sources);
        StorageEngine? storage = null;
        ActorSystem? actors = null;
        NodeTelemetry? telemetry = null;
        try
        {
            telemetry = await NodeTelemetry.StartAsync(options, objects, sources.Clock, loggers, cancellation);
            storage = await StorageEngine.OpenAsync(objects.Store, options, sources, log, cancellation);
            actors = ActorSystemLogs.CreateSystem("broker", hocon, loggers);
            BrokerSystem system = await BrokerSystem.StartAsync(actors, storage, options, sources, loggers, telemetry.Broker);
            WebApplication listeners = Listeners.Build(options, system, sources.Clock, loggers);
            await listeners.StartAsync(cancellation);
            telemetry.Ready(storage, system);
            return new BrokerNode(options, objects, storage, system, listeners, telemetry, log) { BoundListeners = options.Listeners };
        }
        catch
        {
            await (telemetry?.DisposeAsync() ?? ValueTask.CompletedTask);
            await (actors?.Terminate() ?? Task.CompletedTask);
            await (storage?.DisposeAsync() ?? ValueTask.CompletedTask);
            objects.Dispose();
            throw;
        }
    }

    /// <summary>Stops accepting, ends connections, brings writes and uploads to their end, and closes the storage.</summary>
    public async ValueTask DisposeAsync()
    {
        _telemetry.Stopping();
        using CancellationTokenSource patience = new(_options.ShutdownTimeout / 4);
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
        _objects.Dispose();
    }

    private static void MakeDataFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"cannot make the data folder '{folder}' (log.dirs): {cause.Message}", cause);
        }
    }
}
