using System.Globalization;

namespace Broker.Actors.Configuration;

/// <summary>What a setting belongs to: a topic (CreateTopics, AlterConfigs) or a broker (server.properties).</summary>
public enum SettingScope
{
    Topic,
    Broker,
}

/// <summary>The types of Kafka's configuration definitions.</summary>
public enum SettingType
{
    Boolean,
    Int,
    Short,
    Long,
    Double,
    String,
    List,
    Class,
    Password,
}

/// <summary>How this broker treats a setting; see the head of <c>settings.txt</c>.</summary>
public enum SettingSupport
{
    Honoured,
    Inert,
    Planned,
    Own,
}

/// <summary>One line of <c>settings.txt</c>.</summary>
/// <param name="Default">The value in effect when nobody sets it; null is Kafka's null.</param>
/// <param name="IsDynamic">Whether Kafka can alter it at run time.</param>
/// <param name="Allowed">A range <c>x..y</c> or a choice <c>{a,b}</c>; null means any value of the type.</param>
/// <param name="Synonyms">For a topic's setting: the broker settings that give its default, first match wins.</param>
public sealed record SettingDefinition(
    SettingScope Scope,
    string Name,
    SettingType Type,
    string? Default,
    bool IsDynamic,
    SettingSupport Support,
    string? Allowed,
    bool IsSensitive,
    IReadOnlyList<string> Synonyms)
{
    /// <summary>What is wrong with <paramref name="value"/> for this setting, as "what is allowed"; null when it is fine.</summary>
    public string? Problem(string value)
    {
        string? wrongType = Type switch
        {
            SettingType.Boolean => bool.TryParse(value, out _) ? null : "true or false",
            SettingType.Int => int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? null : "a 32-bit integer",
            SettingType.Short => short.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? null : "a 16-bit integer",
            SettingType.Long => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? null : "a 64-bit integer",
            SettingType.Double => double.TryParse(value, CultureInfo.InvariantCulture, out _) ? null : "a number",
            _ => null,
        };
        if (wrongType is not null)
        {
            return Allowed is null ? wrongType : $"{wrongType}, {Describe(Allowed)}";
        }

        if (Allowed is not null && !IsAllowed(value, Allowed))
        {
            return Describe(Allowed);
        }

        return Support == SettingSupport.Planned && !IsDefault(value)
            ? $"only its default ({Default ?? "null"}): this broker does not honour it yet"
            : null;
    }

    private bool IsDefault(string value) =>
        string.Equals(value.Trim(), Default ?? "", StringComparison.OrdinalIgnoreCase);

    private bool IsAllowed(string value, string allowed)
    {
        if (allowed[0] == '{')
        {
            string[] choices = allowed[1..^1].Split(',');
            return Type == SettingType.List
                ? string.IsNullOrWhiteSpace(value) || value.Split(',', StringSplitOptions.TrimEntries).All(choices.Contains)
                : choices.Contains(value);
        }

        string[] ends = allowed.Split("..");
        double number = double.Parse(value, CultureInfo.InvariantCulture);
        return (ends[0].Length == 0 || number >= double.Parse(ends[0], CultureInfo.InvariantCulture))
            && (ends[1].Length == 0 || number <= double.Parse(ends[1], CultureInfo.InvariantCulture));
    }

    private static string Describe(string allowed)
    {
        if (allowed[0] == '{')
        {
            return "one of " + string.Join(", ", allowed[1..^1].Split(','));
        }

        string[] ends = allowed.Split("..");
        return ends switch
        {
            [var low, ""] => $"at least {low}",
            ["", var high] => $"at most {high}",
            [var low, var high] => $"{low} to {high}",
            _ => allowed,
        };
    }
}
