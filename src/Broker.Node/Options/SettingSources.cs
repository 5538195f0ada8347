using System.Collections;
using Akka.Configuration;
using Broker.Actors.Configuration;

namespace Broker.Node.Options;

/// <summary>Puts the sources of settings in their order: akka.hocon, the properties file, the environment, the overrides.</summary>
public static class SettingSources
{
    // Keys of the actor system, whose values are HOCON. An environment variable cannot name them, as many of their names have dashes: there they are unknown settings.
    private const string ActorSystemPrefix = "akka.";

    /// <summary>All settings given, later sources winning: the broker's, validated, and what the sources make of <paramref name="hocon"/>.</summary>
    /// <exception cref="SettingsException">Something in one of the sources cannot be used.</exception>
    public static (BrokerSettings Broker, Config Hocon) Resolve(Config hocon, string hoconPlace, string? propertiesPath, IDictionary environment, IReadOnlyList<string> overrides)
    {
        ILookup<bool, GivenSetting> given = new[] { propertiesPath is null ? [] : PropertiesFile.Read(propertiesPath), EnvironmentSettings.From(environment), overrides.Select(ParseOverride) }
            .SelectMany(source => source)
            .ToLookup(setting => setting.Source != SettingSource.Environment && setting.Name.StartsWith(ActorSystemPrefix, StringComparison.Ordinal));
        return (BrokerSettings.From([.. HoconSettings.From(hocon, hoconPlace), .. given[false]]), given[true].Aggregate(hocon, (below, setting) => ParseHocon(setting).WithFallback(below)));
    }

    private static Config ParseHocon(GivenSetting setting)
    {
        try
        {
            return ConfigurationFactory.ParseString($"{setting.Name} = {setting.Value}");
        }
        catch (Exception cause) when (cause is ConfigurationException or FormatException)
        {
            throw new SettingsException([$"bad value '{setting.Value}' of '{setting.Name}' ({setting.Place}); allowed: HOCON, as in akka.hocon: {cause.Message}"]);
        }
    }

    private static GivenSetting ParseOverride(string text)
    {
        int equals = text.IndexOf('=');
        return equals > 0
            ? new GivenSetting(text[..equals].Trim(), text[(equals + 1)..].Trim(), SettingSource.Override, "--override")
            : throw new SettingsException([$"bad override '{text}'; allowed: --override key=value"]);
    }
}
