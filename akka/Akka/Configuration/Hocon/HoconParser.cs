namespace Akka.Configuration.Hocon;

/// <summary>Parses HOCON: the text's tree first, with substitutions open; then <see cref="HoconResolver"/> closes them.</summary>
internal sealed class HoconParser
{
    private readonly HoconScanner _scanner;

    private HoconParser(string text) => _scanner = new HoconScanner(text);

    /// <exception cref="FormatException">The text is not HOCON; the message names the line.</exception>
    public static HoconValue Parse(string text)
    {
        HoconParser parser = new(text);
        RawObject root = parser.Root();
        return new HoconResolver(root).Resolve();
    }

    private RawObject Root()
    {
        RawObject root = new();
        _scanner.SkipBlank();
        bool braces = _scanner.TryTake("{");
        Members(root, [], braces);
        _scanner.SkipBlank();
        return _scanner.AtEnd ? root : throw _scanner.Error($"'{_scanner.Peek()}' has nothing to close or follow");
    }

    private void Members(RawObject into, List<string> path, bool braces)
    {
        while (true)
        {
            _scanner.SkipBlank(commas: true);
            if (_scanner.AtEnd)
            {
                if (braces)
                {
                    throw _scanner.Error("a '}' is missing");
                }

                return;
            }

            if (_scanner.Peek() == '}')
            {
                if (braces)
                {
                    _scanner.Take();
                }

                return;
            }

            Member(into, path);
        }
    }

    private void Member(RawObject into, List<string> path)
    {
        List<string> key = _scanner.KeyPath();
        List<string> fullPath = [.. path, .. key];
        RawObject target = into;
        foreach (string element in key.SkipLast(1))
        {
            target = target.ObjectAt(element);
        }

        string name = key[^1];
        if (_scanner.TryTake("+="))
        {
            RawValue added = new(_scanner.Line);
            added.Pieces.Add(new RawArray([Value(fullPath)]));
            target.Append(name, added);
            return;
        }

        if (_scanner.Peek() != '{' && !_scanner.TryTake("=") && !_scanner.TryTake(":"))
        {
            throw _scanner.Error($"'=', ':' or '{{' is expected after the key '{string.Join('.', key)}'");
        }

        _scanner.SkipBlank();
        target.Set(name, Value(fullPath), fullPath);
    }

    /// <summary>Pieces up to the end of the line, a comma or a closing bracket.</summary>
    private RawValue Value(List<string> path)
    {
        RawValue value = new(_scanner.Line);
        while (true)
        {
            string spaces = _scanner.SkipSpaces();
            if (_scanner.AtEnd || _scanner.AtComment || _scanner.Peek() is '\n' or ',' or '}' or ']')
            {
                break;
            }

            if (spaces.Length > 0 && value.Pieces.Count > 0)
            {
                value.Pieces.Add(new RawText(spaces, IsSpace: true));
            }

            value.Pieces.Add(Piece(path));
        }

        return value.Pieces.Count > 0 ? value : throw _scanner.Error($"the key '{string.Join('.', path)}' has no value");
    }

    private object Piece(List<string> path)
    {
        if (_scanner.TryTake("{"))
        {
            RawObject inner = new();
            Members(inner, path, braces: true);
            return inner;
        }

        if (_scanner.TryTake("["))
        {
            return Array(path);
        }

        if (_scanner.Peek() == '"')
        {
            return new RawText(_scanner.QuotedString(), IsSpace: false, IsQuoted: true);
        }

        if (_scanner.TryTake("${"))
        {
            bool optional = _scanner.TryTake("?");
            List<string> target = _scanner.KeyPath();
            return _scanner.TryTake("}")
                ? new RawSubstitution(target, optional, _scanner.Line)
                : throw _scanner.Error("a substitution is not closed by '}'");
        }

        string text = _scanner.UnquotedText();
        return text.Length > 0
            ? new RawText(text.TrimEnd() + TrailingSpace(text), IsSpace: false)
            : throw _scanner.Error($"'{_scanner.Peek()}' is not expected here");
    }

    /// <summary>Spaces between unquoted text and a following piece belong to the value; at its end they are cut off.</summary>
    private string TrailingSpace(string text) =>
        _scanner.AtEnd || _scanner.AtComment || _scanner.Peek() is '\n' or '\r' or ',' or '}' or ']' ? "" : text[text.TrimEnd().Length..];

    private RawArray Array(List<string> path)
    {
        List<RawValue> items = [];
        while (true)
        {
            _scanner.SkipBlank(commas: true);
            if (_scanner.AtEnd)
            {
                throw _scanner.Error("a ']' is missing");
            }

            if (_scanner.TryTake("]"))
            {
                return new RawArray(items);
            }

            items.Add(Value(path));
        }
    }
}
