using Broker.Actors.Configuration;
using Broker.TestSupport;

namespace Broker.Node.Unit.Options;

/// <summary>settings.txt against itself and against Kafka's own list.</summary>
public sealed class SettingCatalogTests
{
    // Where a setting differs from Kafka's, and why.
    private static readonly Dictionary<(SettingScope, string), string> Differences = new()
    {
        [(SettingScope.Broker, "log.dir")] = "the facts' node has its own path",
        [(SettingScope.Broker, "log.dirs")] = "the facts' node has its own path",
        [(SettingScope.Broker, "listeners")] = "the facts' node has its own ports",
        [(SettingScope.Broker, "advertised.listeners")] = "the facts' node has its own ports",
        [(SettingScope.Broker, "controller.listener.names")] = "the facts' node is a controller too",
        [(SettingScope.Broker, "controller.quorum.bootstrap.servers")] = "the facts' node is a controller too",
        [(SettingScope.Broker, "controller.quorum.voters")] = "the facts' node is a controller too",
        [(SettingScope.Broker, "process.roles")] = "the facts' node is a controller too",
        [(SettingScope.Broker, "node.id")] = "the facts' node has its own id",
        [(SettingScope.Broker, "broker.id")] = "the facts' node has its own id",
        [(SettingScope.Broker, "listener.security.protocol.map")] = "the facts' node maps its controller listener",
        [(SettingScope.Broker, "inter.broker.listener.name")] = "the facts' node names its listener",
        [(SettingScope.Broker, "group.initial.rebalance.delay.ms")] = "the facts' node is set up for tests: no delay",
        [(SettingScope.Broker, "offsets.topic.replication.factor")] = "the facts' node stands alone",
        [(SettingScope.Broker, "share.coordinator.state.topic.min.isr")] = "the facts' node stands alone",
        [(SettingScope.Broker, "share.coordinator.state.topic.replication.factor")] = "the facts' node stands alone",
        [(SettingScope.Broker, "transaction.state.log.min.isr")] = "the facts' node stands alone",
        [(SettingScope.Broker, "transaction.state.log.replication.factor")] = "the facts' node stands alone",
    };

    [Fact]
    public void Every_default_is_a_value_of_its_type() => Assert.All(
        SettingCatalog.Of(SettingScope.Broker).Concat(SettingCatalog.Of(SettingScope.Topic)).Where(s => s.Default is not null),
        setting => Assert.Null(setting.Problem(setting.Default!)));

    [Fact]
    public void Every_synonym_is_a_broker_setting() => Assert.All(
        SettingCatalog.Of(SettingScope.Topic).SelectMany(s => s.Synonyms),
        synonym => Assert.NotNull(SettingCatalog.Find(SettingScope.Broker, synonym)));

    [Fact]
    public void Our_own_settings_are_in_our_own_namespaces() => Assert.All(
        SettingCatalog.Of(SettingScope.Broker).Where(s => s.Support == SettingSupport.Own),
        setting => Assert.Matches("^(s3|wal|object\\.store|cache|compaction|connection|shutdown|console|management|otlp|cluster)(\\.|$)", setting.Name));

    [SkippableFact]
    public void Settings_agree_with_kafkas_own_list()
    {
        IReadOnlyList<Fact> facts = ReadFacts(Path.Combine(Requirement.OptionalFolder("KAFKA_PROTOCOL_FACTS"), "configs.txt"));
        List<string> problems = [];
        foreach (Fact fact in facts)
        {
            SettingDefinition? ours = SettingCatalog.Find(fact.Scope, fact.Name);
            if (ours is null)
            {
                problems.Add($"{fact.Scope} {fact.Name}: missing");
            }
            else if (!Differences.ContainsKey((fact.Scope, fact.Name)))
            {
                string theirs = $"{fact.Type} '{fact.Default}' {(fact.IsDynamic ? "dynamic" : "fixed")}";
                string own = $"{ours.Type.ToString().ToLowerInvariant()} '{ours.Default ?? "null"}' {(ours.IsDynamic ? "dynamic" : "fixed")}";
                if (theirs != own)
                {
                    problems.Add($"{fact.Scope} {fact.Name}: Kafka {theirs}, ours {own}");
                }
            }
        }

        HashSet<(SettingScope, string)> known = [.. facts.Select(f => (f.Scope, f.Name))];
        problems.AddRange(SettingCatalog.Of(SettingScope.Broker).Concat(SettingCatalog.Of(SettingScope.Topic))
            .Where(s => s.Support != SettingSupport.Own && !known.Contains((s.Scope, s.Name))).Select(s => $"{s.Scope} {s.Name}: Kafka has none"));
        Assert.True(problems.Count == 0, string.Join('\n', problems));
    }

    private static List<Fact> ReadFacts(string path)
    {
        List<Fact> facts = [];
        SettingScope? scope = null;
        foreach (string line in File.ReadLines(path))
        {
            if (line.StartsWith("# TOPIC", StringComparison.Ordinal))
            {
                scope = SettingScope.Topic;
            }
            else if (line.StartsWith("# BROKER", StringComparison.Ordinal))
            {
                scope = SettingScope.Broker;
            }
            else if (line.StartsWith("# ", StringComparison.Ordinal) && line.Contains('\t'))
            {
                scope = null;
            }
            else if (scope is { } current && line.Length > 0 && line[0] != '#')
            {
                string[] columns = line.Split('\t');
                facts.Add(new Fact(current, columns[0], columns[1].ToLowerInvariant(), columns[2], columns[4] == "dyn"));
            }
        }

        return facts;
    }

    private sealed record Fact(SettingScope Scope, string Name, string Type, string Default, bool IsDynamic);
}
