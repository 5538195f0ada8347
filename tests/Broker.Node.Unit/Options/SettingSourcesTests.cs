using System.Collections;
using Akka.Configuration;
using Broker.Actors.Configuration;
using Broker.Node.Options;
using Broker.TestSupport.Brokers;

namespace Broker.Node.Unit.Options;

/// <summary>Where settings come from, which source wins, and what is refused.</summary>
public sealed class SettingSourcesTests : IDisposable
{
    private readonly TempFolder _folder = new("settings");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Later_source_wins()
    {
        const string name = "num.partitions";
        Assert.Equal("1", Resolve().Text(name));
        Assert.Equal("2", Resolve(hocon: "broker { num.partitions = 2 }").Text(name));
        Assert.Equal("3", Resolve(hocon: "broker { num.partitions = 2 }", properties: "num.partitions=3").Text(name));
        Assert.Equal("4", Resolve("broker { num.partitions = 2 }", "num.partitions=3", [("BROKER_NUM_PARTITIONS", "4")]).Text(name));
        BrokerSettings all = Resolve("broker { num.partitions = 2 }", "num.partitions=3", [("BROKER_NUM_PARTITIONS", "4")], "num.partitions=5");
        Assert.Equal(("5", SettingSource.Override), (all.Text(name), all.Given(name)!.Source));
    }

    [Fact]
    public void Later_override_wins_over_an_earlier_one() =>
        Assert.Equal("8", Resolve(overrides: ["num.partitions=7", "num.partitions=8"]).Text("num.partitions"));

    [Fact]
    public void Hocon_takes_nested_dotted_and_quoted_keys()
    {
        BrokerSettings settings = Resolve(hocon: """
            broker {
              num { partitions = 2 }
              log.retention.check.interval.ms = 1000
              "max.connections" = 10
              "max.connections.per.ip" = 5
              listeners = ["PLAINTEXT://127.0.0.1:1", "OTHER://127.0.0.1:2"]
            }
            """);

        Assert.Equal((2, 1000L, 10, 5), (settings.Int("num.partitions"), settings.Long("log.retention.check.interval.ms"), settings.Int("max.connections"), settings.Int("max.connections.per.ip")));
        Assert.Equal("PLAINTEXT://127.0.0.1:1,OTHER://127.0.0.1:2", settings.Text("listeners"));
    }

    [Theory]
    [InlineData("num.partition", "num.partitions")]
    [InlineData("log.dirss", "log.dirs")]
    [InlineData("advertized.listeners", "advertised.listeners")]
    [InlineData("wal.disk.capacity.byte", "wal.disk.capacity.bytes")]
    public void Unknown_key_is_an_error_that_names_it_its_value_whats_allowed_and_the_nearest(string name, string nearest)
    {
        string problem = Problem(overrides: $"{name}=17");

        Assert.Contains($"'{name}'", problem, StringComparison.Ordinal);
        Assert.Contains("17", problem, StringComparison.Ordinal);
        Assert.Contains("allowed", problem, StringComparison.Ordinal);
        Assert.Contains($"'{nearest}'", problem, StringComparison.Ordinal);
        Assert.Contains("--override", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("num.partitions", "many", "32-bit integer")]
    [InlineData("num.partitions", "99999999999", "32-bit integer")]
    [InlineData("num.partitions", "0", "1 to 10000")]
    [InlineData("log.message.timestamp.after.max.ms", "-1", "at least 0")]
    [InlineData("auto.create.topics.enable", "yes", "true or false")]
    [InlineData("log.message.timestamp.type", "Never", "CreateTime, LogAppendTime")]
    [InlineData("object.store.uploads.in.flight", "65", "1 to 64")]
    public void Bad_value_is_an_error_that_says_what_is_allowed(string name, string value, string allowed)
    {
        string problem = Problem(overrides: $"{name}={value}");

        Assert.Contains($"'{name}'", problem, StringComparison.Ordinal);
        Assert.Contains($"'{value}'", problem, StringComparison.Ordinal);
        Assert.Contains(allowed, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void All_problems_are_told_at_once()
    {
        SettingsException cause = Assert.Throws<SettingsException>(() => Resolve(overrides: ["nope=1", "num.partitions=x", "node.id=2"]));

        Assert.Equal(2, cause.Problems.Count);
    }

    [Fact]
    public void Setting_that_is_not_honoured_yet_may_only_have_its_default()
    {
        Assert.Contains("only its default (producer)", Problem(overrides: "compression.type=gzip"), StringComparison.Ordinal);
        Assert.Equal("producer", Resolve(overrides: "compression.type=producer").Text("compression.type"));
    }

    [Fact]
    public void Every_setting_that_is_not_honoured_yet_accepts_its_default_and_refuses_another()
    {
        foreach (SettingDefinition planned in SettingCatalog.Of(SettingScope.Broker).Where(s => s.Support == SettingSupport.Planned))
        {
            Assert.True(planned.Default is null || planned.Problem(planned.Default) is null, planned.Name);
            string other = planned.Type switch
            {
                SettingType.Boolean => planned.Default == "true" ? "false" : "true",
                SettingType.Int or SettingType.Long or SettingType.Short or SettingType.Double => planned.Default == "1" ? "0" : "1",
                _ => "something-else",
            };
            Assert.NotNull(planned.Problem(other));
        }
    }

    [Fact]
    public void Settings_without_meaning_are_accepted_and_listed()
    {
        BrokerSettings settings = Resolve(overrides: ["process.roles=broker", "controller.quorum.voters=1@localhost:9093", "num.partitions=3", "num.replica.fetchers=4"]);

        Assert.Equal(["controller.quorum.voters", "num.replica.fetchers", "process.roles"], settings.InertNames());
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("=value")]
    public void Override_that_is_no_pair_is_an_error(string text) =>
        Assert.Contains(text, Problem(overrides: text), StringComparison.Ordinal);

    [Fact]
    public void Value_of_a_secret_is_not_shown()
    {
        SettingDefinition secret = SettingCatalog.Of(SettingScope.Broker).First(s => s.IsSensitive && s.Support == SettingSupport.Planned);

        Assert.DoesNotContain("hunter2", Problem(overrides: $"{secret.Name}=hunter2"), StringComparison.Ordinal);
    }

    [Fact]
    public void Environment_gives_settings_in_capitals_with_underscores() =>
        Assert.Equal(TimeSpan.FromSeconds(7), BrokerOptions.From(Resolve(environment: [("BROKER_LISTENERS", "PLAINTEXT://h:1"), ("BROKER_SHUTDOWN_TIMEOUT_MS", "7000")])).ShutdownTimeout);

    [Theory]
    [InlineData("BROKER_SERVICE_HOST")]
    [InlineData("BROKER_SERVICE_PORT")]
    [InlineData("BROKER_SERVICE_PORT_KAFKA")]
    [InlineData("BROKER_PORT")]
    [InlineData("BROKER_PORT_9092_TCP")]
    [InlineData("BROKER_PORT_9092_TCP_PROTO")]
    [InlineData("BROKER_PORT_9092_TCP_PORT")]
    [InlineData("BROKER_PORT_9092_TCP_ADDR")]
    [InlineData("BROKER_HEADLESS_SERVICE_HOST")]
    [InlineData("BROKER_TESTS_SEED")]
    [InlineData("KAFKA_LISTENERS")]
    public void Variables_of_others_are_passed_over(string variable) =>
        Assert.Empty(EnvironmentSettings.From(new Hashtable { [variable] = "tcp://10.0.0.1:9092" }));

    [Theory]
    [InlineData("BROKER_LISTENRS")]
    [InlineData("BROKER_PORTS")]
    [InlineData("BROKER_PORT_9092")]
    [InlineData("BROKER_PORT_9092_TCP_NAME")]
    [InlineData("BROKER_SERVICE")]
    [InlineData("BROKER_SERVICE_HOSTS")]
    public void Variable_that_names_no_setting_is_an_error_that_names_the_variable(string variable) =>
        Assert.Contains(variable, Problem(environment: [(variable, "x")]), StringComparison.Ordinal);

    [Theory]
    [InlineData("num.io.threads", "0", "at least 1")]
    [InlineData("num.io.threads", "many", "32-bit integer")]
    [InlineData("log.roll.ms", "0", "at least 1")]
    [InlineData("num.network.threads", "-1", "at least 1")]
    public void Setting_without_meaning_may_only_have_a_value_that_kafka_takes(string name, string value, string allowed) =>
        Assert.Contains(allowed, Problem(overrides: $"{name}={value}"), StringComparison.Ordinal);

    // The keys of the file that comes with Kafka for a node that is broker and controller.
    [Fact]
    public void Settings_file_of_a_kafka_node_works_unchanged()
    {
        BrokerSettings settings = Resolve(properties: """
            # broker and controller in one
            process.roles=broker,controller
            node.id=1
            controller.quorum.bootstrap.servers=localhost:9093
            listeners=PLAINTEXT://:9092,CONTROLLER://:9093
            inter.broker.listener.name=PLAINTEXT
            advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
            controller.listener.names=CONTROLLER
            listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
            num.network.threads=3
            num.io.threads=8
            socket.send.buffer.bytes=102400
            socket.receive.buffer.bytes=102400
            socket.request.max.bytes=104857600
            log.dirs=/tmp/kraft-combined-logs
            num.partitions=1
            num.recovery.threads.per.data.dir=1
            offsets.topic.replication.factor=1
            share.coordinator.state.topic.replication.factor=1
            share.coordinator.state.topic.min.isr=1
            transaction.state.log.replication.factor=1
            transaction.state.log.min.isr=1
            log.flush.interval.messages=10000
            log.flush.interval.ms=1000
            log.retention.hours=168
            log.retention.bytes=1073741824
            log.segment.bytes=1073741824
            log.retention.check.interval.ms=300000
            """);

        BrokerOptions options = BrokerOptions.From(settings);

        Assert.Equal(1, options.NodeId.Value);
        Assert.Equal("PLAINTEXT://:9092", Assert.Single(options.Listeners).ToString());
        Assert.Equal("PLAINTEXT://localhost:9092", Assert.Single(options.AdvertisedListeners).ToString());
        Assert.Equal("/tmp/kraft-combined-logs", options.DataFolder);
        Assert.Contains("process.roles", settings.InertNames());
        Assert.Contains("controller.quorum.bootstrap.servers", settings.InertNames());
        Assert.DoesNotContain("log.retention.hours", settings.InertNames());
    }

    private string Problem((string, string)[]? environment = null, params string[] overrides) =>
        Assert.Single(Assert.Throws<SettingsException>(() => Resolve(environment: environment, overrides: overrides)).Problems);

    [Fact]
    public void Settings_of_the_actor_system_stand_over_those_of_its_file_and_are_none_of_the_brokers()
    {
        (BrokerSettings broker, Config hocon) = ResolveAll(
            "akka.cluster { seed-nodes = [\"a\"], roles = [r] }\nakka.loglevel = WARNING",
            "akka.loglevel=INFO",
            overrides: ["akka.cluster.seed-nodes=[\"akka.tcp://broker@h:1\", \"b\"]", "akka.loglevel=DEBUG"]);

        Assert.Equal(["akka.tcp://broker@h:1", "b"], hocon.GetStringList("akka.cluster.seed-nodes"));
        Assert.Equal(["r"], hocon.GetStringList("akka.cluster.roles"));
        Assert.Equal("DEBUG", hocon.GetString("akka.loglevel"));
        Assert.DoesNotContain("akka", string.Join(' ', broker.InertNames()), StringComparison.Ordinal);
    }

    // Of BROKER_AKKA_CLUSTER_SEED_NODES nobody can tell that seed-nodes is meant: it must not be passed over in silence.
    [Fact]
    public void Environment_that_names_a_setting_of_the_actor_system_is_refused_by_name() =>
        Assert.Contains("BROKER_AKKA_CLUSTER_SEED_NODES", Problem([("BROKER_AKKA_CLUSTER_SEED_NODES", "[]")]), StringComparison.Ordinal);

    [Fact]
    public void Setting_of_the_actor_system_that_is_no_hocon_is_refused_by_name()
    {
        string problem = Problem(overrides: "akka.cluster.seed-nodes=[\"akka.tcp://broker@h:1\"");

        Assert.Contains("akka.cluster.seed-nodes", problem, StringComparison.Ordinal);
        Assert.Contains("--override", problem, StringComparison.Ordinal);
    }

    private BrokerSettings Resolve(string hocon = "", string? properties = null, (string Name, string Value)[]? environment = null, params string[] overrides) =>
        ResolveAll(hocon, properties, environment, overrides).Broker;

    private (BrokerSettings Broker, Config Hocon) ResolveAll(string hocon = "", string? properties = null, (string Name, string Value)[]? environment = null, params string[] overrides)
    {
        string? path = null;
        if (properties is not null)
        {
            path = Path.Combine(_folder.Path, "server.properties");
            File.WriteAllText(path, properties);
        }

        Hashtable variables = [];
        foreach ((string name, string value) in environment ?? [])
        {
            variables[name] = value;
        }

        return SettingSources.Resolve(ConfigurationFactory.ParseString(hocon), "akka.hocon", path, variables, overrides);
    }
}
