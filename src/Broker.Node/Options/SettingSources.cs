using System.Collections;
using Akka.Configuration;
using Broker.Actors.Configuration;

namespace Broker.Node.Options;

/// <summary>Puts the sources of settings in their order: akka.hocon, the properties file, the environment, the overrides.</summary>
public static class SettingSources
{
    /// <summary>All settings given, validated; later sources win.</summary>
    /// <exception cref="SettingsException">Something in one of the sources cannot be used.</exception>
    public static BrokerSettings Resolve(Config hocon, string hoconPlace, string? propertiesPath, IDictionary environment, IReadOnlyList<string> overrides) =>
        BrokerSettings.From(
        [
            .. HoconSettings.From(hocon, hoconPlace),
            .. propertiesPath is null ? [] : PropertiesFile.Read(propertiesPath),
            .. EnvironmentSettings.From(environment),
            .. overrides.Select(ParseOverride),
        ]);

    private static GivenSetting ParseOverride(string text)
    {
        int equals = text.IndexOf('=');
        return equals > 0
            ? new GivenSetting(text[..equals].Trim(), text[(equals + 1)..].Trim(), SettingSource.Override, "--override")
            : throw new SettingsException([$"bad override '{text}'; allowed: --override key=value"]);
    }
}
