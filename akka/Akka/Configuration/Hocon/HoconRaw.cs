namespace Akka.Configuration.Hocon;

/// <summary>Literal text; spaces between pieces count only if the value turns out to be text.</summary>
internal sealed record RawText(string Text, bool IsSpace, bool IsQuoted = false);

internal sealed record RawSubstitution(List<string> Path, bool Optional, int Line);

internal sealed record RawArray(List<RawValue> Items);

/// <summary>A value as written: pieces side by side, to be joined once substitutions are known.</summary>
internal sealed class RawValue(int line)
{
    public int Line { get; } = line;

    /// <summary><see cref="RawText"/>, <see cref="RawSubstitution"/>, <see cref="RawArray"/>, <see cref="RawObject"/> or an earlier <see cref="RawValue"/>.</summary>
    public List<object> Pieces { get; } = [];

    public RawObject? AsPlainObject => Pieces is [RawObject only] ? only : null;
}

internal sealed class RawObject
{
    public Dictionary<string, RawValue> Members { get; } = [];

    /// <summary>The object at <paramref name="key"/>, made if it isn't there; what is there stays and is merged.</summary>
    public RawObject ObjectAt(string key)
    {
        if (Members.TryGetValue(key, out RawValue? existing))
        {
            if (existing.Pieces[^1] is RawObject last)
            {
                return last;
            }

            RawObject added = new();
            if (existing.Pieces.All(piece => piece is RawText))
            {
                existing.Pieces.Clear();
            }

            existing.Pieces.Add(added);
            return added;
        }

        RawValue value = new(0);
        RawObject made = new();
        value.Pieces.Add(made);
        Members[key] = value;
        return made;
    }

    public void Append(string key, RawValue value)
    {
        if (Members.TryGetValue(key, out RawValue? previous))
        {
            value.Pieces.Insert(0, previous);
        }

        Members[key] = value;
    }

    /// <summary>Sets a member: objects merge, everything else replaces; a reference to itself means the earlier value.</summary>
    public void Set(string key, RawValue value, List<string> path)
    {
        if (!Members.TryGetValue(key, out RawValue? previous))
        {
            Members[key] = value;
            return;
        }

        bool refersToItself = false;
        for (int i = 0; i < value.Pieces.Count; i++)
        {
            if (value.Pieces[i] is RawSubstitution substitution && substitution.Path.SequenceEqual(path))
            {
                value.Pieces[i] = previous;
                refersToItself = true;
            }
        }

        bool mayBeObject = value.Pieces.All(piece => piece is RawObject or RawSubstitution or RawText { IsSpace: true });
        if (!refersToItself && mayBeObject && value.Pieces.Exists(piece => piece is RawObject))
        {
            RawObject? before = previous.AsPlainObject;
            RawObject? after = value.AsPlainObject;
            if (before is not null && after is not null)
            {
                before.Merge(after, path);
                return;
            }

            if (previous.Pieces.All(piece => piece is RawObject or RawSubstitution or RawValue))
            {
                value.Pieces.Insert(0, previous);
            }
        }

        Members[key] = value;
    }

    private void Merge(RawObject other, List<string> path)
    {
        foreach ((string key, RawValue value) in other.Members)
        {
            Set(key, value, [.. path, key]);
        }
    }
}
