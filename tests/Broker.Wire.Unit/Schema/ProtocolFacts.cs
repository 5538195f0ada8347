using Broker.Wire.Generator.Schema;

namespace Broker.Wire.Unit.Schema;

/// <summary>A list of Kafka's messages from elsewhere, one field a line, flattened for comparison.</summary>
internal static class ProtocolFacts
{
    /// <summary>Messages by name: the line that describes each, then one line a field, ordered by path.</summary>
    public static Dictionary<string, List<string>> Parse(string path)
    {
        Dictionary<string, List<string>> messages = [];
        List<string> current = [];
        List<string> parents = [];
        foreach (string line in File.ReadLines(path).Where(line => line.Length > 0 && line[0] != '#'))
        {
            string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (line[0] != ' ')
            {
                current = messages[parts[0]] = [DescribeMessage(parts)];
                continue;
            }

            int depth = (line.Length - line.TrimStart().Length) / 2;
            parents.RemoveRange(Math.Min(depth - 1, parents.Count), Math.Max(parents.Count - depth + 1, 0));
            if (parts[0] == "struct")
            {
                parents.Add($"struct {parts[1]}");
                continue;
            }

            // Whatever the depth, a field belongs to the struct whose type the line above it names.
            string owner = parents.Count == 0 ? "" : parents[^1];
            current.Add(DescribeField(owner, parts));
            parents.Add($"struct {parts[1].Replace("[]", "", StringComparison.Ordinal)}");
        }

        return messages.ToDictionary(message => message.Key, message => Sorted(message.Value));
    }

    /// <summary>The same of our own schema.</summary>
    public static List<string> Describe(MessageDefinition message)
    {
        string api = message.ApiKey is int key ? $"api={key} " : "";
        // The facts say it of the request alone.
        bool unstable = message.Role == MessageRole.Request && message.LastStable != message.Versions.Last;
        List<string> lines = [$"{api}versions={message.Versions} flexible={message.Flexible}{(unstable ? " latest-unstable" : "")}"];
        foreach (StructDefinition definition in message.Structs.Append(message.Body))
        {
            string owner = definition == message.Body ? "" : $"struct {definition.Name}";
            lines.AddRange(definition.Fields.Select(field => DescribeField(owner, field)));
        }

        return Sorted(lines);
    }

    private static List<string> Sorted(List<string> lines) => [.. lines.Order(StringComparer.Ordinal)];

    private static string DescribeMessage(string[] parts)
    {
        string api = Option(parts, "api") is string key ? $"api={key} " : "";
        VersionRange versions = Range(Option(parts, "versions")!);
        string unstable = parts.Contains("latest-unstable") ? " latest-unstable" : "";
        return $"{api}versions={versions} flexible={Range(Option(parts, "flexible")!)}{unstable}";
    }

    private static string DescribeField(string owner, string[] parts)
    {
        VersionRange versions = Range(parts[2]);
        VersionRange nullable = Range(Option(parts, "nullable") ?? "none").Intersect(versions);
        string type = parts[1].StartsWith("[]", StringComparison.Ordinal) ? parts[1][2..] + "[]" : parts[1];
        return Describe(
            owner, parts[0], type, versions, nullable, Option(parts, "tag")?.Split('@')[0], Option(parts, "default"),
            parts.Contains("ignorable"), Option(parts, "flexible") == "none");
    }

    private static string DescribeField(string owner, FieldDefinition field) =>
        Describe(
            owner, field.Name, field.Type.ToString(), field.Versions, field.Nullable.Intersect(field.Versions),
            field.Tag?.ToString(), field.Default, field.Ignorable, field.Plain);

    private static string Describe(
        string owner, string name, string type, VersionRange versions, VersionRange nullable, string? tag, string? value, bool ignorable, bool plain) =>
        $"{owner}.{name} {type} {versions} nullable={nullable} tag={tag} default={value} ignorable={ignorable} plain={plain}";

    private static string? Option(string[] parts, string name) =>
        parts.FirstOrDefault(part => part.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

    private static VersionRange Range(string text)
    {
        if (text.Equals("none", StringComparison.OrdinalIgnoreCase))
        {
            return VersionRange.None;
        }

        string[] ends = text.TrimEnd('+').Split('-');
        int first = int.Parse(ends[0]);
        return new VersionRange(first, text.EndsWith('+') ? VersionRange.Open : int.Parse(ends[^1]));
    }
}
