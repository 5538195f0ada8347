using System.Collections.Frozen;
using System.Reflection;

namespace Broker.Actors.Configuration;

/// <summary>Every setting that a node knows, read once from the embedded <c>settings.txt</c>.</summary>
public static class SettingCatalog
{
    private static readonly FrozenDictionary<(SettingScope, string), SettingDefinition> ByName = Load();

    /// <summary>All settings of a scope, ordered by name.</summary>
    public static IReadOnlyList<SettingDefinition> Of(SettingScope scope) => scope == SettingScope.Topic ? TopicSettings : BrokerSettings;

    private static readonly SettingDefinition[] TopicSettings = Sorted(SettingScope.Topic);
    private static readonly SettingDefinition[] BrokerSettings = Sorted(SettingScope.Broker);

    /// <summary>The setting called <paramref name="name"/>, or null when there is none.</summary>
    public static SettingDefinition? Find(SettingScope scope, string name) => ByName.GetValueOrDefault((scope, name));

    /// <summary>The known name that is fewest edits away from <paramref name="name"/>, of equals the one nearest in length: what its writer probably meant.</summary>
    public static string Nearest(SettingScope scope, string name) => Of(scope)
        .MinBy(setting => (EditDistance.Between(setting.Name, name), Math.Abs(setting.Name.Length - name.Length)))!.Name;

    private static SettingDefinition[] Sorted(SettingScope scope) =>
        [.. ByName.Values.Where(s => s.Scope == scope).OrderBy(s => s.Name, StringComparer.Ordinal)];

    private static FrozenDictionary<(SettingScope, string), SettingDefinition> Load()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Broker.Actors.Configuration.settings.txt")
            ?? throw new InvalidOperationException("settings.txt is not embedded in Broker.Actors");
        using StreamReader reader = new(stream);
        List<SettingDefinition> settings = [];
        for (int lineNumber = 1; reader.ReadLine() is { } line; lineNumber++)
        {
            if (line.Length > 0 && line[0] != '#')
            {
                settings.Add(Parse(line, lineNumber));
            }
        }

        return settings.ToFrozenDictionary(s => (s.Scope, s.Name));
    }

    private static SettingDefinition Parse(string line, int lineNumber)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 6)
        {
            throw new InvalidOperationException($"settings.txt line {lineNumber}: six words are needed");
        }

        return new SettingDefinition(
            Enum.Parse<SettingScope>(words[0], ignoreCase: true),
            words[1],
            Enum.Parse<SettingType>(words[2], ignoreCase: true),
            words[3] switch { "null" => null, "\"\"" => "", var value => value },
            words[4] == "dynamic",
            Enum.Parse<SettingSupport>(words[5], ignoreCase: true),
            Option(words, "allowed="),
            words.Contains("sensitive"),
            Option(words, "synonyms=")?.Split(',') ?? []);
    }

    private static string? Option(string[] words, string prefix) =>
        words.FirstOrDefault(word => word.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];
}
