using System.Text.RegularExpressions;

namespace Broker.Wire.Generator.Schema;

/// <summary>A word of a schema file with the comment block that stands right above its line.</summary>
internal readonly record struct Token(string Text, int Line, string Comment);

/// <summary>Splits a schema file into words; a comment block belongs to the next line and is dropped by an empty line.</summary>
internal static partial class Tokenizer
{
    public static List<Token> Split(string text)
    {
        List<Token> tokens = [];
        List<string> comment = [];
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.StartsWith('#'))
            {
                comment.Add(line[1..].Trim());
                continue;
            }

            foreach (Match match in Word().Matches(line))
            {
                tokens.Add(new Token(match.Value, i + 1, string.Join(' ', comment)));
            }

            comment.Clear();
        }

        return tokens;
    }

    [GeneratedRegex("""[{}?=]|\[\]|""|-?[A-Za-z0-9_.+-]+|\S""")]
    private static partial Regex Word();
}
