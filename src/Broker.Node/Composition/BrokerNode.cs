using Akka.Configuration;
using Broker.Actors;
using Broker.Actors.Configuration;
using Broker.Actors.Storage;
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
    private readonly ILogger _log;

    private BrokerNode(BrokerOptions options, ObjectStores objects, StorageEngine storage, BrokerSystem system, WebApplication listeners, ILogger log) =>
        (_options, _objects, _storage, _system, _listeners, _log) = (options, objects, storage, system, listeners, log);

    /// <summary>The addresses that accept connections; a port of 0 in the options is a real one here.</summary>
    public IReadOnlyList<Listener> BoundListeners { get; private init; } = [];

    /// <summary>Completes when another node has taken over this one's metadata or WAL.</summary>
    public Task<Exception> Fenced => _system.Fenced;

    /// <summary>Starts a node; it serves when this returns. Waits for a store that is away, and for room on a full disk (<see cref="StoreWait"/>).</summary>
    /// <exception cref="StorageException">The store or the write-ahead log cannot be opened, and waiting will not help.</exception>
    /// <exception cref="IOException">An address cannot be listened on, or the data folder cannot be made.</exception>
    /// <exception cref="OperationCanceledException">Through <paramref name="cancellation"/>.</exception>
    public static async Task<BrokerNode> StartAsync(BrokerOptions options, Config hocon, ILoggerFactory loggers, StorageSources sources, CancellationToken cancellation)
    {
        ILogger log = loggers.CreateLogger("Broker.Node");
        OpenedNode opened = await new StoreWait(options, sources.Clock, log).UntilAsync(ct => OpenedNode.OpenAsync(options, hocon, loggers, sources, ct), cancellation);
        try
        {
            WebApplication listeners = Listeners.Build(options, opened.System, sources.Clock, loggers);
            await listeners.StartAsync(cancellation);
            return new BrokerNode(options, opened.Objects, opened.Storage, opened.System, listeners, log) { BoundListeners = options.Listeners };
        }
        catch
        {
            await opened.Actors.Terminate();
            await opened.Storage.DisposeAsync();
            opened.Objects.Dispose();
            throw;
        }
    }

    /// <summary>Stops accepting, ends connections, brings writes and uploads to their end, and closes the storage.</summary>
    public async ValueTask DisposeAsync()
    {
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
        await _storage.DisposeAsync();
        _objects.Dispose();
    }
}
