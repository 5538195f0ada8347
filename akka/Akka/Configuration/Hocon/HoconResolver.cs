namespace Akka.Configuration.Hocon;

/// <summary>Joins the pieces of values and replaces substitutions, from the same text or else the environment.</summary>
internal sealed class HoconResolver(RawObject root)
{
    private readonly HashSet<RawValue> _inProgress = [];

    /// <exception cref="FormatException">A substitution finds nothing, refers to itself, or pieces don't fit together.</exception>
    public HoconValue Resolve() => Complete(root);

    private HoconValue Complete(RawObject raw)
    {
        HoconObject result = new();
        foreach ((string key, RawValue value) in raw.Members)
        {
            if (Complete(value) is { } resolved)
            {
                result.Items[key] = resolved;
            }
        }

        return new HoconValue(result);
    }

    /// <summary>The finished value; null when it consists of optional substitutions that found nothing.</summary>
    private HoconValue? Complete(RawValue value) => Shallow(value) switch
    {
        RawObject raw => Complete(raw),
        List<RawValue> items => new HoconValue([.. items.Select(Complete).Where(item => item is not null).Select(item => item!)]),
        string text => new HoconValue(text),
        _ => null,
    };

    /// <summary>Joins the pieces: a <see cref="RawObject"/>, a list, a string, or null for nothing. Members stay unresolved.</summary>
    private object? Shallow(RawValue value)
    {
        if (!_inProgress.Add(value))
        {
            throw new FormatException($"HOCON line {value.Line}: a substitution refers to itself.");
        }

        try
        {
            if (value.Pieces is [RawText { IsQuoted: false, Text: "null" }])
            {
                return null;
            }

            object? joined = null;
            string pendingSpace = "";
            foreach (object piece in value.Pieces)
            {
                if (piece is RawText { IsSpace: true } space)
                {
                    pendingSpace = space.Text;
                    continue;
                }

                object? part = Part(piece);
                joined = Join(joined, part, pendingSpace, value.Line);
                pendingSpace = "";
            }

            return joined;
        }
        finally
        {
            _inProgress.Remove(value);
        }
    }

    private object? Part(object piece) => piece switch
    {
        RawText text => text.Text,
        RawObject raw => raw,
        RawArray array => array.Items,
        RawValue earlier => Shallow(earlier),
        RawSubstitution substitution => Substitute(substitution),
        _ => throw new InvalidOperationException($"Unknown piece {piece}."),
    };

    private object? Substitute(RawSubstitution substitution)
    {
        object? found = root;
        foreach (string element in substitution.Path)
        {
            found = found is RawObject raw && raw.Members.TryGetValue(element, out RawValue? member) ? Shallow(member) : null;
        }

        found ??= Environment.GetEnvironmentVariable(string.Join('.', substitution.Path));
        return found ?? (substitution.Optional
            ? null
            : throw new FormatException(
                $"HOCON line {substitution.Line}: the substitution ${{{string.Join('.', substitution.Path)}}} finds nothing."));
    }

    private static object? Join(object? left, object? right, string space, int line)
    {
        switch (left, right)
        {
            case (null, _):
                return right;
            case (_, null):
                return left;
            case (RawObject a, RawObject b):
                return Merged(a, b);
            case (List<RawValue> a, List<RawValue> b):
                return a.Concat(b).ToList();
            case (string a, string b):
                return a + space + b;
            default:
                throw new FormatException($"HOCON line {line}: text, arrays and objects can't be joined to one value.");
        }
    }

    private static RawObject Merged(RawObject first, RawObject second)
    {
        RawObject merged = new();
        foreach ((string key, RawValue value) in first.Members)
        {
            merged.Members[key] = Copy(value);
        }

        foreach ((string key, RawValue value) in second.Members)
        {
            merged.Set(key, Copy(value), []);
        }

        return merged;
    }

    private static RawValue Copy(RawValue value)
    {
        RawValue copy = new(value.Line);
        copy.Pieces.AddRange(value.Pieces.Select(piece => piece is RawObject raw ? Merged(raw, new RawObject()) : piece));
        return copy;
    }
}
