namespace Broker.Actors.Configuration;

/// <summary>Where a broker setting's value came from; later ones win.</summary>
public enum SettingSource
{
    Default,
    Hocon,
    PropertiesFile,
    Environment,
    Override,
}

/// <summary>One value that somebody gave, with where it was given, for messages.</summary>
/// <param name="Place">The file, variable or argument, as the operator would look for it.</param>
public sealed record GivenSetting(string Name, string Value, SettingSource Source, string Place);

/// <summary>The settings cannot be used. Each problem names the key, the value and what is allowed.</summary>
public sealed class SettingsException(IReadOnlyList<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;

    /// <summary>The one form in which a value is refused.</summary>
    /// <param name="place">Where it was given; null when nobody gave it.</param>
    public static string BadValue(string name, string value, string? place, string allowed) =>
        $"bad value for '{name}': '{value}' ({place ?? "the default"}); allowed: {allowed}";
}
