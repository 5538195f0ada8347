using System.Text;
using Broker.Actors.Configuration;

namespace Broker.Node.Options;

/// <summary>Reads Java's .properties format, as Kafka's <c>server.properties</c> is written in.</summary>
public static class PropertiesFile
{
    /// <summary>The settings in the file, in order.</summary>
    /// <exception cref="SettingsException">The file cannot be read.</exception>
    public static IReadOnlyList<GivenSetting> Read(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException([$"the settings file '{path}' cannot be read: {cause.Message}"]);
        }
    }

    /// <summary>Reads text of that format; <paramref name="place"/> names it in messages.</summary>
    public static IReadOnlyList<GivenSetting> Parse(string text, string place)
    {
        List<GivenSetting> settings = [];
        using StringReader reader = new(text);
        int lineNumber = 0;
        while (ReadLogicalLine(reader, ref lineNumber) is { } line)
        {
            if (line.Length > 0)
            {
                (string name, string value) = Split(line);
                settings.Add(new GivenSetting(name, value, SettingSource.PropertiesFile, $"{place}:{lineNumber}"));
            }
        }

        return settings;
    }

    // A line that ends with an odd number of backslashes goes on in the next one.
    private static string? ReadLogicalLine(StringReader reader, ref int lineNumber)
    {
        StringBuilder? joined = null;
        while (reader.ReadLine() is { } raw)
        {
            lineNumber++;
            string line = raw.TrimStart();
            if (joined is null && (line.Length == 0 || line[0] is '#' or '!'))
            {
                return "";
            }

            int slashes = line.Length - line.TrimEnd('\\').Length;
            if (slashes % 2 == 0)
            {
                return joined is null ? line : joined.Append(line).ToString();
            }

            (joined ??= new StringBuilder()).Append(line, 0, line.Length - 1);
        }

        return joined?.ToString();
    }

    private static (string Name, string Value) Split(string line)
    {
        int end = 0;
        while (end < line.Length && line[end] is not ('=' or ':' or ' ' or '\t'))
        {
            end += line[end] == '\\' ? 2 : 1;
        }

        end = Math.Min(end, line.Length);
        string rest = line[end..].TrimStart(' ', '\t');
        if (rest.Length > 0 && rest[0] is '=' or ':')
        {
            rest = rest[1..].TrimStart(' ', '\t');
        }

        return (Unescape(line[..end]), Unescape(rest).TrimEnd());
    }

    private static string Unescape(string text)
    {
        if (!text.Contains('\\'))
        {
            return text;
        }

        StringBuilder plain = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || ++i == text.Length)
            {
                plain.Append(i < text.Length ? text[i] : '\\');
            }
            else if (text[i] == 'u' && i + 4 < text.Length && ushort.TryParse(text.AsSpan(i + 1, 4), System.Globalization.NumberStyles.HexNumber, null, out ushort code))
            {
                plain.Append((char)code);
                i += 4;
            }
            else
            {
                plain.Append(text[i] switch { 't' => '\t', 'n' => '\n', 'r' => '\r', 'f' => '\f', var other => other });
            }
        }

        return plain.ToString();
    }
}
