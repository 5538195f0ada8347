namespace Broker.ObjectStore.Wal;

/// <summary>
/// A record's place in one write-ahead log: the number of the record, counted from 1 over the log's whole life,
/// restarts included. Records of one append have consecutive positions.
/// </summary>
public readonly record struct WalPosition(long Value) : IComparable<WalPosition>
{
    /// <summary>Before the first record.</summary>
    public static readonly WalPosition None = new(0);

    public int CompareTo(WalPosition other) => Value.CompareTo(other.Value);

    public static bool operator <(WalPosition left, WalPosition right) => left.Value < right.Value;

    public static bool operator >(WalPosition left, WalPosition right) => left.Value > right.Value;

    public static bool operator <=(WalPosition left, WalPosition right) => left.Value <= right.Value;

    public static bool operator >=(WalPosition left, WalPosition right) => left.Value >= right.Value;

    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
