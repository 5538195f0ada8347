using System.Globalization;

namespace Broker.Actors.Configuration;

/// <summary>A topic's settings in effect: what the topic was given, else what the broker was given for it, else the default.</summary>
public sealed class TopicConfig
{
    /// <summary>Where a value came from, as DescribeConfigs names it (KIP-226).</summary>
    public enum Origin : sbyte
    {
        Topic = 1,
        StaticBroker = 4,
        Default = 5,
    }

    private const string RetentionMsName = "retention.ms";
    private const string MinCompactionLagMsName = "min.compaction.lag.ms";
    private const string MaxCompactionLagMsName = "max.compaction.lag.ms";

    private readonly BrokerSettings _broker;
    private readonly IReadOnlyDictionary<string, string> _overrides;

    public TopicConfig(BrokerSettings broker, IReadOnlyDictionary<string, string> overrides)
    {
        (_broker, _overrides) = (broker, overrides);
        MaxMessageBytes = int.Parse(Value("max.message.bytes").Text!, CultureInfo.InvariantCulture);
        RetentionMs = long.Parse(Value(RetentionMsName).Text!, CultureInfo.InvariantCulture);
        RetentionBytes = long.Parse(Value("retention.bytes").Text!, CultureInfo.InvariantCulture);
        TimestampAfterMaxMs = long.Parse(Value("message.timestamp.after.max.ms").Text!, CultureInfo.InvariantCulture);
        SegmentBytes = long.Parse(Value("segment.bytes").Text!, CultureInfo.InvariantCulture);
        SegmentMs = long.Parse(Value("segment.ms").Text!, CultureInfo.InvariantCulture);
        UsesLogAppendTime = Value("message.timestamp.type").Text == "LogAppendTime";
        string[] policies = Value("cleanup.policy").Text!.Split(',', StringSplitOptions.TrimEntries);
        IsCompacted = policies.Contains("compact");
        IsDeleted = policies.Contains("delete");
        MinCleanableDirtyRatio = double.Parse(Value("min.cleanable.dirty.ratio").Text!, CultureInfo.InvariantCulture);
        MinCompactionLagMs = long.Parse(Value(MinCompactionLagMsName).Text!, CultureInfo.InvariantCulture);
        MaxCompactionLagMs = long.Parse(Value(MaxCompactionLagMsName).Text!, CultureInfo.InvariantCulture);
        DeleteRetentionMs = long.Parse(Value("delete.retention.ms").Text!, CultureInfo.InvariantCulture);
    }

    /// <summary>The largest record batch the topic takes, in bytes as stored.</summary>
    public int MaxMessageBytes { get; }

    /// <summary>Records older than this may go; -1 keeps them for ever.</summary>
    public long RetentionMs { get; }

    /// <summary>A partition's size beyond which its oldest records may go; -1 is without bound.</summary>
    public long RetentionBytes { get; }

    /// <summary>How far a record's timestamp may lie ahead of the broker's clock.</summary>
    public long TimestampAfterMaxMs { get; }

    /// <summary>Up to how many bytes of a partition become one piece of its history, which retention keeps or lets go as a whole.</summary>
    public long SegmentBytes { get; }

    /// <summary>Over how much time such a piece may reach.</summary>
    public long SegmentMs { get; }

    public bool UsesLogAppendTime { get; }

    /// <summary>Whether of each key only the newest record is kept for good (<c>cleanup.policy</c>).</summary>
    public bool IsCompacted { get; }

    /// <summary>Whether records go by age and size; with an empty <c>cleanup.policy</c> they neither do nor are compacted.</summary>
    public bool IsDeleted { get; }

    /// <summary>The share of bytes not cleaned, from 0 to 1, beyond which the log is cleaned.</summary>
    public double MinCleanableDirtyRatio { get; }

    /// <summary>Records younger than this are not cleaned.</summary>
    public long MinCompactionLagMs { get; }

    /// <summary>Records older than this are cleaned, however few they are.</summary>
    public long MaxCompactionLagMs { get; }

    /// <summary>How long tombstones stay after the first cleaning that met them.</summary>
    public long DeleteRetentionMs { get; }

    /// <summary>The value of any topic setting with its origin.</summary>
    public (string? Text, Origin Origin) Value(string name)
    {
        if (_overrides.TryGetValue(name, out string? text))
        {
            return (text, Origin.Topic);
        }

        return BrokerValue(name) is { } given
            ? (given, Origin.StaticBroker)
            : (SettingCatalog.Find(SettingScope.Topic, name)!.Default, Origin.Default);
    }

    // Kafka: of a time that can be given in several units the finest that is set wins; the catalogue lists them in that order.
    private string? BrokerValue(string name) => SettingCatalog.Find(SettingScope.Topic, name)!.Synonyms
        .Select(synonym => _broker.Given(synonym) is { } given ? InUnitOf(name, given) : null).FirstOrDefault(v => v is not null);

    private static string InUnitOf(string name, GivenSetting given)
    {
        long unitMs = !name.EndsWith(".ms", StringComparison.Ordinal) ? 1
            : given.Name.EndsWith(".hours", StringComparison.Ordinal) ? TimeSpan.MillisecondsPerHour
            : given.Name.EndsWith(".minutes", StringComparison.Ordinal) ? TimeSpan.MillisecondsPerMinute
            : 1;
        if (unitMs == 1 && name != RetentionMsName)
        {
            return given.Value;
        }

        long count = long.Parse(given.Value, CultureInfo.InvariantCulture);
        return (count < 0 ? -1 : count * unitMs).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>How a topic's own settings contradict those in effect beside them; null when they do not.</summary>
    public string? Conflict() =>
        MinCompactionLagMs > MaxCompactionLagMs && (_overrides.ContainsKey(MinCompactionLagMsName) || _overrides.ContainsKey(MaxCompactionLagMsName))
            ? $"{MinCompactionLagMsName} ({MinCompactionLagMs}) is greater than {MaxCompactionLagMsName} ({MaxCompactionLagMs})"
            : null;

    /// <summary>What is wrong with a topic's setting as a client gave it; null when it is fine.</summary>
    public static string? Problem(string name, string? value)
    {
        SettingDefinition? definition = SettingCatalog.Find(SettingScope.Topic, name);
        if (definition is null)
        {
            return $"unknown topic setting '{name}'; the nearest known one is '{SettingCatalog.Nearest(SettingScope.Topic, name)}'";
        }

        if (value is null)
        {
            return $"the topic setting '{name}' needs a value";
        }

        return definition.Problem(value) is { } allowed ? $"bad value for '{name}': '{value}'; allowed: {allowed}" : null;
    }
}
