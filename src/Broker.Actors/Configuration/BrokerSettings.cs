using System.Globalization;

namespace Broker.Actors.Configuration;

/// <summary>The broker's settings as text, validated against the catalogue: what was given, else the default.</summary>
public sealed class BrokerSettings
{
    private readonly Dictionary<string, GivenSetting> _given;

    private BrokerSettings(Dictionary<string, GivenSetting> given) => _given = given;

    /// <summary>
    /// Validates what was given, in ascending order of precedence.
    /// </summary>
    /// <exception cref="SettingsException">A key is unknown, or a value is not allowed; all problems are reported at once.</exception>
    public static BrokerSettings From(IEnumerable<GivenSetting> ascending)
    {
        Dictionary<string, GivenSetting> given = new(StringComparer.Ordinal);
        List<string> problems = [];
        foreach (GivenSetting setting in ascending)
        {
            if (Check(setting) is { } problem)
            {
                problems.Add(problem);
            }
            else
            {
                given[setting.Name] = setting;
            }
        }

        return problems.Count == 0 ? new BrokerSettings(given) : throw new SettingsException(problems);
    }

    private static string? Check(GivenSetting setting)
    {
        SettingDefinition? definition = SettingCatalog.Find(SettingScope.Broker, setting.Name);
        if (definition is null)
        {
            return $"unknown setting '{setting.Name}' = '{setting.Value}' ({setting.Place}); allowed: Kafka's broker settings and this broker's own; the nearest known one is " +
                $"'{SettingCatalog.Nearest(SettingScope.Broker, setting.Name)}'";
        }

        if (definition.Problem(setting.Value) is not { } allowed)
        {
            return null;
        }

        string shown = definition.IsSensitive ? "(hidden)" : setting.Value;
        return SettingsException.BadValue(setting.Name, shown, setting.Place, allowed);
    }

    /// <summary>The names that were given although they mean nothing here, for one warning.</summary>
    public IReadOnlyList<string> InertNames() =>
        [.. _given.Keys.Where(name => SettingCatalog.Find(SettingScope.Broker, name)!.Support == SettingSupport.Inert).Order(StringComparer.Ordinal)];

    /// <summary>The names that were given and begin so, in order.</summary>
    public IReadOnlyList<string> GivenNames(string prefix) => [.. _given.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>Whether somebody gave this setting, as opposed to its default being in effect.</summary>
    public GivenSetting? Given(string name) => _given.GetValueOrDefault(name);

    /// <summary>That a setting's value cannot be used, for a reason that lies beyond the value itself.</summary>
    public SettingsException BadValue(string name, string allowed) => new([SettingsException.BadValue(name, Text(name) ?? "", Given(name)?.Place, allowed)]);

    /// <summary>The value in effect, null where Kafka's default is null.</summary>
    public string? Text(string name) => _given.TryGetValue(name, out GivenSetting? given)
        ? given.Value
        : (SettingCatalog.Find(SettingScope.Broker, name) ?? throw new ArgumentException($"no setting '{name}' in the catalogue", nameof(name))).Default;

    public long Long(string name) => LongOrNull(name) ?? throw new InvalidOperationException($"'{name}' has no value");

    public long? LongOrNull(string name) => Text(name) is { Length: > 0 } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;

    /// <summary>A setting in milliseconds; negative where Kafka has it mean that there is no limit.</summary>
    /// <remarks>Timers take no more than 24 days, which is as good as never for all that these settings time.</remarks>
    public TimeSpan Duration(string name) => TimeSpan.FromMilliseconds(Math.Clamp(Long(name), -1, int.MaxValue));

    public int Int(string name) => checked((int)Long(name));

    public double Double(string name) => double.Parse(Text(name)!, CultureInfo.InvariantCulture);

    public bool Boolean(string name) => bool.Parse(Text(name)!);
}
