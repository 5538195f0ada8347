using Broker.Actors.Configuration;

namespace Broker.Node.Unit.Options;

/// <summary>Settings that must agree with each other, and what they become.</summary>
public sealed class BrokerOptionsTests
{
    [Fact]
    public void Default_listener_is_plaintext_on_kafkas_port()
    {
        Listener listener = Assert.Single(Of().Listeners);

        Assert.Equal(("PLAINTEXT", 9092), (listener.Name, listener.Port));
    }

    [Theory]
    [InlineData("PLAINTEXT://127.0.0.1:9092", "PLAINTEXT", "127.0.0.1", 9092)]
    [InlineData("plaintext://host:1", "PLAINTEXT", "host", 1)]
    [InlineData("PLAINTEXT://[::1]:65535", "PLAINTEXT", "::1", 65535)]
    [InlineData(" PLAINTEXT://h:0 ", "PLAINTEXT", "h", 0)]
    public void Listener_is_name_host_and_port(string text, string name, string host, int port)
    {
        Listener listener = Assert.Single(Listener.ParseList("listeners", text));

        Assert.Equal((name, host, port), (listener.Name, listener.Host, listener.Port));
    }

    [Theory]
    [InlineData("127.0.0.1:9092")]
    [InlineData("PLAINTEXT://host")]
    [InlineData("PLAINTEXT://host:port")]
    [InlineData("PLAINTEXT://host:65536")]
    [InlineData("PLAINTEXT://host:-1")]
    [InlineData("://host:1")]
    [InlineData("")]
    [InlineData("SSL://h:1")]
    [InlineData("INTERNAL://h:1")]
    [InlineData("PLAINTEXT://h:1,PLAINTEXT://h:2")]
    public void Listeners_that_cannot_be_are_refused_by_name(string listeners) =>
        Assert.Contains("'listeners'", Problem(("listeners", listeners)), StringComparison.Ordinal);

    [Fact]
    public void Listener_of_another_name_is_plaintext_by_the_map()
    {
        BrokerOptions options = Of(
            ("listeners", "INTERNAL://h:1,EXTERNAL://h:2"),
            ("listener.security.protocol.map", "INTERNAL:PLAINTEXT,EXTERNAL:plaintext"),
            ("advertised.listeners", "EXTERNAL://public:2,INTERNAL://private:1"));

        Assert.Equal(["INTERNAL", "EXTERNAL"], options.Listeners.Select(l => l.Name));
        Assert.Equal("public", options.AdvertisedListeners.Single(l => l.Name == "EXTERNAL").Host);
    }

    [Fact]
    public void Security_protocol_map_that_is_no_list_of_pairs_is_refused() =>
        Assert.Contains("listener.security.protocol.map", Problem(("listener.security.protocol.map", "PLAINTEXT")), StringComparison.Ordinal);

    [Fact]
    public void Wildcard_listener_is_advertised_by_the_machines_name() =>
        Assert.Equal(Environment.MachineName, Of(("listeners", "PLAINTEXT://0.0.0.0:9092")).AdvertisedListeners[0].Host);

    [Theory]
    [InlineData("PLAINTEXT://0.0.0.0:9092")]
    [InlineData("PLAINTEXT://:9092")]
    [InlineData("PLAINTEXT://[::]:9092")]
    [InlineData("OTHER://h:9092")]
    public void Advertised_listener_must_be_reachable_and_there_for_each_listener(string advertised) =>
        Assert.Contains("'advertised.listeners'", Problem(("advertised.listeners", advertised)), StringComparison.Ordinal);

    [Fact]
    public void Only_controller_listeners_are_not_enough() =>
        Assert.Contains("'listeners'", Problem(("listeners", "CONTROLLER://h:1"), ("controller.listener.names", "CONTROLLER")), StringComparison.Ordinal);

    [Fact]
    public void Several_data_folders_are_refused_with_the_reason()
    {
        string problem = Problem(("log.dirs", "/a,/b"));

        Assert.Contains("'log.dirs': '/a,/b'", problem, StringComparison.Ordinal);
        Assert.Contains("one folder", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Log_dirs_wins_over_log_dir_and_the_default_is_the_folder_data()
    {
        Assert.Equal(Path.GetFullPath("./data"), Of().DataFolder);
        Assert.Equal("/one", Of(("log.dir", "/one")).DataFolder);
        Assert.Equal("/two", Of(("log.dir", "/one"), ("log.dirs", "/two")).DataFolder);
    }

    [Fact]
    public void Wal_and_objects_lie_in_the_data_folder_unless_told_otherwise()
    {
        BrokerOptions inside = Of(("log.dirs", "/d"));
        BrokerOptions outside = Of(("log.dirs", "/d"), ("wal.disk.path", "/fast/wal"), ("object.store", "file:/big/objects"));

        Assert.Equal(("/d/wal", "/d/objects"), (inside.Storage.WalFolder, inside.ObjectStore.Folder));
        Assert.Equal(("/fast/wal", "/big/objects"), (outside.Storage.WalFolder, outside.ObjectStore.Folder));
    }

    [Fact]
    public void Wal_lies_on_disk_unless_the_bucket_is_chosen()
    {
        StorageOptions disk = Of().Storage;
        StorageOptions bucket = Of(
            ("wal.kind", "bucket"),
            ("wal.bucket.capacity.bytes", "20000000"),
            ("wal.bucket.puts.in.flight", "8"),
            ("wal.bucket.max.puts.per.second", "0"),
            ("wal.bucket.small.put.bytes", "4096"),
            ("wal.bucket.linger.ms", "10"),
            ("wal.bucket.upload.slots", "7")).Storage;

        Assert.Equal((WalKind.Disk, 1), (disk.WalKind, disk.WalWritesInFlight));
        Assert.Equal(new BucketWalSettings(512 << 20, 4, 50, 1 << 20, TimeSpan.FromMilliseconds(50), 200), disk.BucketWal);
        Assert.Equal((WalKind.Bucket, true), (bucket.WalKind, bucket.WalWritesInFlight > 100));
        Assert.Equal(new BucketWalSettings(20_000_000, 8, 0, 4096, TimeSpan.FromMilliseconds(10), 7), bucket.BucketWal);
    }

    [Theory]
    [InlineData("wal.kind", "memory", "one of disk, bucket")]
    [InlineData("wal.bucket.puts.in.flight", "65", "1 to 64")]
    [InlineData("wal.bucket.max.puts.per.second", "-1", "at least 0")]
    [InlineData("wal.bucket.linger.ms", "10001", "0 to 10000")]
    [InlineData("wal.bucket.capacity.bytes", "1000", "at least 16777216")]
    public void Bucket_wal_setting_out_of_its_bounds_is_refused(string name, string value, string allowed)
    {
        string problem = Assert.Throws<SettingsException>(() => Of((name, value))).Message;

        Assert.Contains($"'{name}'", problem, StringComparison.Ordinal);
        Assert.Contains(allowed, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Bucket_wal_must_hold_two_of_its_batches() =>
        Assert.Contains("'wal.bucket.capacity.bytes'", Problem(("wal.bucket.capacity.bytes", "20000000"), ("wal.batch.max.bytes", "10000001")), StringComparison.Ordinal);

    [Theory]
    [InlineData("s3:bucket")]
    [InlineData("file:")]
    public void Object_store_that_is_neither_folder_nor_bucket_is_refused(string store) =>
        Assert.Contains("'object.store'", Problem(("object.store", store)), StringComparison.Ordinal);

    [Fact]
    public void Node_id_and_the_older_broker_id_are_one_and_the_same()
    {
        Assert.Equal(4, Of(("broker.id", "4")).NodeId.Value);
        Assert.Equal(5, Of(("broker.id", "5"), ("node.id", "5")).NodeId.Value);
        Assert.Contains("node.id (1)", Problem(("broker.id", "2"), ("node.id", "1")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("log.dirs", "/a,/b", "one folder")]
    [InlineData("log.dirs", "", "a folder")]
    [InlineData("log.dirs", " ", "a folder")]
    [InlineData("log.dir", "", "a folder")]
    [InlineData("object.store", "s3:foo", "file:PATH")]
    [InlineData("listeners", "SSL://:9092", "PLAINTEXT")]
    [InlineData("listeners", "", "at least one")]
    [InlineData("advertised.listeners", "garbage", "NAME://host:port")]
    [InlineData("advertised.listeners", "OTHER://h:1", "an address for each listener")]
    [InlineData("listener.security.protocol.map", "PLAINTEXT", "NAME:PROTOCOL")]
    [InlineData("broker.id", "2", "node.id")]
    [InlineData("log.retention.ms", "0", "at least 1, or -1")]
    [InlineData("log.retention.hours", "0", "at least 1, or -1")]
    [InlineData("connections.max.idle.ms", "100", "more than connection.failed.authentication.delay.ms")]
    [InlineData("default.replication.factor", "40000", "1 to 32767")]
    [InlineData("log.cleanup.policy", "compact,foo", "one of delete, compact")]
    [InlineData("log.cleaner.dedupe.buffer.size", "1048576", "at least 1048577")]
    [InlineData("log.cleaner.io.buffer.load.factor", "0", "0.1 to 1")]
    [InlineData("log.cleaner.min.cleanable.ratio", "1.5", "0 to 1")]
    [InlineData("log.cleaner.max.compaction.lag.ms", "0", "at least 1")]
    public void Value_that_cannot_be_is_told_with_its_key_its_place_and_what_is_allowed(string name, string value, string allowed)
    {
        string problem = Problem((name, value), ("node.id", "1"));

        Assert.StartsWith($"bad value for '{name}': '{value}' (test); allowed: ", problem, StringComparison.Ordinal);
        Assert.Contains(allowed, problem, StringComparison.Ordinal);

        // The setting is known: its own name would be no help.
        Assert.DoesNotContain("nearest", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Durations_that_are_negative_or_endless_are_no_limits()
    {
        Assert.True(Of(("connections.max.idle.ms", "-3")).Connections.MaxIdle < TimeSpan.Zero);
        Assert.Equal(TimeSpan.FromMilliseconds(int.MaxValue), Of(("connections.max.idle.ms", $"{long.MaxValue}")).Connections.MaxIdle);
        Assert.Equal(-7, new TopicConfig(Settings(("log.retention.bytes", "-7")), new Dictionary<string, string>()).RetentionBytes);
    }

    [Theory]
    [InlineData("604800000", "")]
    [InlineData("7200000", "log.retention.hours=2")]
    [InlineData("180000", "log.retention.hours=2;log.retention.minutes=3")]
    [InlineData("4", "log.retention.hours=2;log.retention.minutes=3;log.retention.ms=4")]
    [InlineData("-1", "log.retention.hours=-1")]
    [InlineData("-1", "log.retention.hours=-7")]
    [InlineData("-1", "log.retention.ms=-7")]
    public void Retention_is_the_finest_unit_that_is_given(string expectedMs, string given)
    {
        BrokerSettings settings = Settings([.. given.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(pair => (pair.Split('=')[0], pair.Split('=')[1]))]);

        Assert.Equal(expectedMs, $"{new TopicConfig(settings, new Dictionary<string, string>()).RetentionMs}");
    }

    [Fact]
    public void Topics_own_setting_wins_over_the_brokers()
    {
        BrokerSettings settings = Settings(("message.max.bytes", "1000"));

        Assert.Equal(("1000", TopicConfig.Origin.StaticBroker), new TopicConfig(settings, new Dictionary<string, string>()).Value("max.message.bytes"));
        Assert.Equal(("5", TopicConfig.Origin.Topic), new TopicConfig(settings, new Dictionary<string, string> { ["max.message.bytes"] = "5" }).Value("max.message.bytes"));
    }

    [Theory]
    [InlineData("", false, false)]
    [InlineData("delete", false, true)]
    [InlineData("compact", true, false)]
    [InlineData("delete, compact", true, true)]
    [InlineData("compact,compact", true, false)]
    public void Cleanup_policy_is_a_list_in_any_order(string policy, bool isCompacted, bool isDeleted)
    {
        TopicConfig config = new(Settings(("log.cleanup.policy", policy)), new Dictionary<string, string>());

        Assert.Equal((isCompacted, isDeleted), (config.IsCompacted, config.IsDeleted));
    }

    [Fact]
    public void Settings_of_the_cleaner_are_Kafkas()
    {
        CleanerOptions defaults = Of().Cleaner;
        TopicConfig topic = new(
            Settings(("log.cleaner.min.cleanable.ratio", "0.25"), ("log.cleaner.min.compaction.lag.ms", "1"), ("log.cleaner.max.compaction.lag.ms", "2"), ("log.cleaner.delete.retention.ms", "3")),
            new Dictionary<string, string>());

        Assert.Equal(new CleanerOptions(128 << 20, 0.9), defaults);
        Assert.Equal(new CleanerOptions(2 << 20, 0.5), Of(("log.cleaner.dedupe.buffer.size", "2097152"), ("log.cleaner.io.buffer.load.factor", "0.5")).Cleaner);
        Assert.Equal((0.25, 1, 2, 3), (topic.MinCleanableDirtyRatio, topic.MinCompactionLagMs, topic.MaxCompactionLagMs, topic.DeleteRetentionMs));
    }

    private static string Problem(params (string, string)[] given) => Assert.Throws<SettingsException>(() => Of(given)).Message;

    private static BrokerOptions Of(params (string, string)[] given) => BrokerOptions.From(Settings(given));

    private static BrokerSettings Settings(params (string Name, string Value)[] given) =>
        BrokerSettings.From(given.Select(one => new GivenSetting(one.Name, one.Value, SettingSource.Override, "test")));
}
