namespace Broker.Wire.Generator.Schema;

/// <summary>A closed range of message versions; <see cref="Last"/> is <see cref="Open"/> when there is no upper end.</summary>
public readonly record struct VersionRange(int First, int Last)
{
    /// <summary>The last version of a range without an upper end.</summary>
    public const int Open = short.MaxValue;

    /// <summary>Every version.</summary>
    public static VersionRange All { get; } = new(0, Open);

    /// <summary>No version.</summary>
    public static VersionRange None { get; } = new(0, -1);

    public bool IsEmpty => Last < First;

    public bool Contains(int version) => version >= First && version <= Last;

    public bool Covers(VersionRange other) => other.IsEmpty || (First <= other.First && Last >= other.Last);

    public VersionRange Intersect(VersionRange other)
    {
        VersionRange both = new(Math.Max(First, other.First), Math.Min(Last, other.Last));
        return both.IsEmpty ? None : both;
    }

    /// <summary>The range in Kafka's notation: <c>3+</c>, <c>2-5</c>, <c>4</c> or <c>none</c>.</summary>
    public override string ToString() =>
        IsEmpty ? "none" : Last == Open ? $"{First}+" : First == Last ? $"{First}" : $"{First}-{Last}";
}
