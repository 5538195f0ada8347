namespace Broker.ObjectStore;

/// <summary>One write-ahead log: random, given when it is made, kept as long as it exists. The metadata knows by it which logs may hold
/// what is not uploaded.</summary>
public readonly record struct WalId(Guid Value) : IComparable<WalId>
{
    /// <summary>No log.</summary>
    public static WalId None => default;

    public int CompareTo(WalId other) => Value.CompareTo(other.Value);

    public static bool operator <(WalId left, WalId right) => left.CompareTo(right) < 0;

    public static bool operator >(WalId left, WalId right) => left.CompareTo(right) > 0;

    public static bool operator <=(WalId left, WalId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(WalId left, WalId right) => left.CompareTo(right) >= 0;

    /// <summary>As <see cref="ToString"/> writes it: 32 hexadecimal digits with four hyphens.</summary>
    public static bool TryParse(string text, out WalId id)
    {
        bool isId = Guid.TryParseExact(text, "D", out Guid value);
        id = new WalId(value);
        return isId;
    }

    public override string ToString() => Value.ToString("D");
}
