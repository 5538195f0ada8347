using System.Collections.Concurrent;
using Akka.Configuration;

namespace Akka.Dispatch;

/// <summary>The dispatchers of a system, made from their settings on first use.</summary>
public sealed class Dispatchers
{
    public static readonly string DefaultDispatcherId = "akka.actor.default-dispatcher";

    public static readonly string SynchronizedDispatcherId = "akka.actor.synchronized-dispatcher";

    private readonly ConcurrentDictionary<string, Lazy<MessageDispatcher>> _byId = new();
    private readonly Config _config;

    internal Dispatchers(Config config) => _config = config;

    public MessageDispatcher DefaultGlobalDispatcher => Lookup(DefaultDispatcherId);

    /// <summary>True when settings exist at that path.</summary>
    public bool HasDispatcher(string id) => _config.HasPath(id);

    /// <param name="dispatcherName">Path of the settings; null or empty means the default dispatcher.</param>
    /// <exception cref="ConfigurationException">There are no such settings, or they name an unknown type.</exception>
    public MessageDispatcher Lookup(string dispatcherName)
    {
        string id = string.IsNullOrEmpty(dispatcherName) ? DefaultDispatcherId : dispatcherName;
        return _byId.GetOrAdd(id, key => new Lazy<MessageDispatcher>(() => Create(key))).Value;
    }

    internal void Shutdown()
    {
        foreach (Lazy<MessageDispatcher> dispatcher in _byId.Values.Where(lazy => lazy.IsValueCreated))
        {
            dispatcher.Value.Shutdown();
        }
    }

    private MessageDispatcher Create(string id)
    {
        if (!HasDispatcher(id))
        {
            throw new ConfigurationException($"Dispatcher [{id}] not configured: the configuration has no section of that path.");
        }

        Config config = _config.GetConfig(id).WithFallback(_config.GetConfig(DefaultDispatcherId));
        int throughput = config.GetInt("throughput", 30);
        if (throughput < 1)
        {
            throw new ConfigurationException($"{id}.throughput must be at least 1, not {throughput}.");
        }

        string type = config.GetString("type") ?? "Dispatcher";
        return type switch
        {
            "Dispatcher" or "TaskDispatcher" => new ThreadPoolDispatcher(id, throughput),
            "ForkJoinDispatcher" => new DedicatedThreadsDispatcher(
                id, throughput, config.GetInt("dedicated-thread-pool.thread-count", Environment.ProcessorCount)),
            "SynchronizedDispatcher" => new CurrentSynchronizationContextDispatcher(
                id, throughput, SynchronizationContext.Current ?? throw new ConfigurationException($"{id} is first used where there is no SynchronizationContext.")),
            _ => throw new ConfigurationException(
                $"{id}.type is '{type}'; known are Dispatcher, TaskDispatcher, ForkJoinDispatcher and SynchronizedDispatcher."),
        };
    }
}
