using Akka.Configuration;
using Akka.Configuration.Hocon;
using Broker.Actors.Configuration;

namespace Broker.Node.Options;

/// <summary>Settings from the section <c>broker</c> of <c>akka.hocon</c>.</summary>
public static class HoconSettings
{
    /// <summary>Nested objects and dotted keys alike name settings; a key that is also another's prefix is quoted: <c>"max.connections" = 10</c>.</summary>
    public static IReadOnlyList<GivenSetting> From(Config config, string place)
    {
        List<GivenSetting> settings = [];
        if (config.HasPath("broker"))
        {
            Collect(config.GetConfig("broker").AsEnumerable(), "", place, settings);
        }

        return settings;
    }

    private static void Collect(IEnumerable<KeyValuePair<string, HoconValue>> section, string prefix, string place, List<GivenSetting> settings)
    {
        foreach ((string key, HoconValue value) in section)
        {
            string name = prefix + key.Trim('"');
            if (value.IsObject())
            {
                Collect(value.GetObject().Items, name + ".", place, settings);
            }
            else
            {
                string text = value.IsArray() ? string.Join(',', value.GetStringList()) : value.GetString();
                settings.Add(new GivenSetting(name, text, SettingSource.Hocon, $"{place}, section broker"));
            }
        }
    }
}
