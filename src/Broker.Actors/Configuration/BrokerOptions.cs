using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Configuration;

/// <summary>What a node runs with: the settings, typed, checked against each other, immutable.</summary>
public sealed record BrokerOptions
{
    public required BrokerSettings Settings { get; init; }

    public required NodeId NodeId { get; init; }

    /// <summary>Null when the operator named none; then clients see no rack.</summary>
    public required string? Rack { get; init; }

    public required IReadOnlyList<Listener> Listeners { get; init; }

    /// <summary>What clients are told to connect to, one for each listener name.</summary>
    public required IReadOnlyList<Listener> AdvertisedListeners { get; init; }

    /// <summary>Where other nodes and clients meet this one, as the metadata tell.</summary>
    public NodePlace Place => new("", Rack ?? "", [.. AdvertisedListeners.Select(listener => new NodeEndpoint(listener.Name, "PLAINTEXT", listener.Host, listener.Port))]);

    /// <summary>The folder (<c>log.dirs</c>) that holds the disk WAL and, by default, the embedded object store.</summary>
    public required string DataFolder { get; init; }

    public required ObjectStoreOptions ObjectStore { get; init; }

    public required ConnectionOptions Connections { get; init; }

    public required TopicOptions Topics { get; init; }

    public required GroupOptions Groups { get; init; }

    public required StorageOptions Storage { get; init; }

    public required CompactionSettings Compaction { get; init; }

    public required CleanerOptions Cleaner { get; init; }

    public required ManagementOptions Management { get; init; }

    /// <summary>Null: the node is alone.</summary>
    public required ClusterOptions? Cluster { get; init; }

    /// <summary>
    /// What SIGTERM may take; <c>shutdown.timeout.ms</c>. Each step has a share: partitions move to other brokers in half of it (some hundred take half a second, or five on a machine that has no core
    /// to spare), connections end in a quarter, writes and uploads in half. With the default, 10 s, all of them together end before the SIGKILL that Kubernetes sends after 30 s.
    /// </summary>
    public required TimeSpan ShutdownTimeout { get; init; }

    /// <summary>Builds the typed options.</summary>
    /// <exception cref="SettingsException">Settings contradict each other or name something that cannot be.</exception>
    public static BrokerOptions From(BrokerSettings settings)
    {
        CheckRetention(settings);
        (IReadOnlyList<Listener> listeners, IReadOnlyList<Listener> advertised) = ListenerOptions.From(settings);
        string dataFolder = SingleFolder(settings);
        return new BrokerOptions
        {
            Settings = settings,
            NodeId = NodeIdOf(settings),
            Rack = settings.Text("broker.rack"),
            Listeners = listeners,
            AdvertisedListeners = advertised,
            DataFolder = dataFolder,
            ObjectStore = ObjectStoreOptions.From(settings, dataFolder),
            Connections = ConnectionOptions.From(settings),
            Topics = TopicOptions.From(settings),
            Groups = GroupOptions.From(settings),
            Storage = StorageOptions.From(settings, dataFolder),
            Compaction = CompactionSettings.From(settings),
            Cleaner = CleanerOptions.From(settings),
            Management = ManagementOptions.From(settings),
            Cluster = ClusterOptions.From(settings),
            ShutdownTimeout = settings.Duration("shutdown.timeout.ms"),
        };
    }

    // broker.id is the older name: a node has one id.
    private static NodeId NodeIdOf(BrokerSettings settings)
    {
        if (settings.Given("node.id") is null)
        {
            return new NodeId(settings.Int("broker.id") >= 0 ? settings.Int("broker.id") : settings.Int("node.id"));
        }

        return settings.Given("broker.id") is null || settings.Int("broker.id") == settings.Int("node.id")
            ? new NodeId(settings.Int("node.id"))
            : throw settings.BadValue("broker.id", $"the value of node.id ({settings.Int("node.id")}), or leave one of the two out");
    }

    // As Kafka: of the three the finest that is given counts, any negative value is no limit, and 0 would keep nothing.
    private static void CheckRetention(BrokerSettings settings)
    {
        string? name = SettingCatalog.Find(SettingScope.Topic, "retention.ms")!.Synonyms.FirstOrDefault(one => settings.Given(one) is not null);
        if (name is not null && settings.Long(name) == 0)
        {
            throw settings.BadValue(name, "at least 1, or -1 for no limit");
        }
    }

    private static string SingleFolder(BrokerSettings settings)
    {
        string name = settings.Given("log.dirs") is null ? "log.dir" : "log.dirs";
        string value = settings.Given(name)?.Value ?? "./data";
        if (string.IsNullOrWhiteSpace(value))
        {
            throw settings.BadValue(name, "a folder, or leave it out for ./data");
        }

        return value.Contains(',')
            ? throw settings.BadValue(name, "one folder: the log lives in the object store, this is its staging place")
            : Path.GetFullPath(value);
    }
}
