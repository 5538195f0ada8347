using System.Text;

namespace Akka.Configuration.Hocon;

/// <summary>Writes values as HOCON.</summary>
internal static class HoconPrinter
{
    public static string Print(HoconValue value, int depth)
    {
        if (value.IsObject())
        {
            StringBuilder text = new("{\n");
            foreach ((string key, HoconValue item) in value.GetObject().Items)
            {
                text.Append(' ', (depth + 1) * 2).Append(Quoted(key)).Append(" : ").Append(Print(item, depth + 1)).Append('\n');
            }

            return text.Append(' ', depth * 2).Append('}').ToString();
        }

        if (value.IsArray())
        {
            return "[" + string.Join(",", value.GetArray().Select(item => Print(item, depth + 1))) + "]";
        }

        return value.GetString() is { } scalar ? Quoted(scalar) : "null";
    }

    private static string Quoted(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            ? text
            : "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
