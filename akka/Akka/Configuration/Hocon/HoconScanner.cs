using System.Text;

namespace Akka.Configuration.Hocon;

/// <summary>Reads characters, strings, keys and substitutions; knows the line it is in.</summary>
internal sealed class HoconScanner(string text)
{
    private int _position;

    public bool AtEnd => _position >= text.Length;

    public int Line => text.AsSpan(0, Math.Min(_position, text.Length)).Count('\n') + 1;

    /// <summary>The next character, or NUL at the end.</summary>
    public char Peek(int ahead = 0) => _position + ahead < text.Length ? text[_position + ahead] : '\0';

    public char Take() => text[_position++];

    public bool TryTake(string token)
    {
        if (string.CompareOrdinal(text, _position, token, 0, token.Length) != 0)
        {
            return false;
        }

        _position += token.Length;
        return true;
    }

    public FormatException Error(string what) => new($"HOCON line {Line}: {what}.");

    public bool AtComment => Peek() == '#' || (Peek() == '/' && Peek(1) == '/');

    /// <summary>Skips spaces within the line; returns what it skipped.</summary>
    public string SkipSpaces()
    {
        int start = _position;
        while (!AtEnd && Peek() != '\n' && char.IsWhiteSpace(Peek()))
        {
            _position++;
        }

        return text[start.._position];
    }

    /// <summary>Skips white space, comments and, if asked, separating commas.</summary>
    public void SkipBlank(bool commas = false)
    {
        while (!AtEnd)
        {
            if (AtComment)
            {
                SkipLine();
            }
            else if (char.IsWhiteSpace(Peek()) || Peek() == '\uFEFF' || (commas && Peek() == ','))
            {
                _position++;
            }
            else
            {
                return;
            }
        }
    }

    public List<string> KeyPath()
    {
        List<string> path = [];
        do
        {
            SkipSpaces();
            path.Add(KeyElement());
            SkipSpaces();
        }
        while (TryTake("."));
        return path;
    }

    public static List<string> ParsePath(string path)
    {
        HoconScanner scanner = new(path);
        List<string> elements = scanner.KeyPath();
        return scanner.AtEnd ? elements : throw new FormatException($"'{path}' is not a path.");
    }

    public string QuotedString()
    {
        if (TryTake("\"\"\""))
        {
            int end = text.IndexOf("\"\"\"", _position, StringComparison.Ordinal);
            if (end < 0)
            {
                throw Error("a triple-quoted string is not closed");
            }

            string raw = text[_position..end];
            _position = end + 3;
            return raw;
        }

        Take();
        StringBuilder value = new();
        while (true)
        {
            if (AtEnd || Peek() == '\n')
            {
                throw Error("a quoted string is not closed");
            }

            char c = Take();
            if (c == '"')
            {
                return value.ToString();
            }

            value.Append(c == '\\' ? Escaped() : c);
        }
    }

    /// <summary>Text up to a character that has a meaning of its own.</summary>
    public string UnquotedText()
    {
        int start = _position;
        while (!AtEnd && !AtComment && !(Peek() is '\n' or '\r' or ',' or '}' or ']' or '"' or '{' or '[')
            && !(Peek() == '$' && Peek(1) == '{'))
        {
            _position++;
        }

        return text[start.._position];
    }

    private void SkipLine()
    {
        while (!AtEnd && Peek() != '\n')
        {
            _position++;
        }
    }

    private string KeyElement()
    {
        if (Peek() == '"')
        {
            return QuotedString();
        }

        int start = _position;
        while (!AtEnd && !char.IsWhiteSpace(Peek()) && !AtComment
            && !(Peek() is '.' or '=' or ':' or '{' or '}' or '[' or ']' or ',' or '"' or '$')
            && !(Peek() == '+' && Peek(1) == '='))
        {
            _position++;
        }

        return _position > start ? text[start.._position] : throw Error(
            AtEnd ? "a key is missing at the end" : $"a key is expected, not '{Peek()}'");
    }

    private char Escaped()
    {
        char c = AtEnd ? '\0' : Take();
        switch (c)
        {
            case 'n': return '\n';
            case 't': return '\t';
            case 'r': return '\r';
            case 'b': return '\b';
            case 'f': return '\f';
            case '"' or '\\' or '/': return c;
            case 'u' when _position + 4 <= text.Length
                && ushort.TryParse(text.AsSpan(_position, 4), System.Globalization.NumberStyles.HexNumber, null, out ushort code):
                _position += 4;
                return (char)code;
            default: throw Error($"'\\{c}' is not an escape sequence");
        }
    }
}
