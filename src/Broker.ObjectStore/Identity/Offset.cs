using System.Globalization;

namespace Broker.ObjectStore;

/// <summary>The place of a record in its stream: 0 for the first record ever, one more for each record after it.</summary>
public readonly record struct Offset(long Value) : IComparable<Offset>
{
    /// <summary>The offset of the first record of a new stream.</summary>
    public static Offset Zero => default;

    public int CompareTo(Offset other) => Value.CompareTo(other.Value);

    /// <summary>The offset <paramref name="count"/> records later.</summary>
    public Offset Add(long count) => new(checked(Value + count));

    /// <summary>The offset <paramref name="count"/> records earlier.</summary>
    public Offset Subtract(long count) => new(checked(Value - count));

    public static Offset Min(Offset left, Offset right) => left < right ? left : right;

    public static Offset Max(Offset left, Offset right) => left > right ? left : right;

    public static bool operator <(Offset left, Offset right) => left.Value < right.Value;

    public static bool operator >(Offset left, Offset right) => left.Value > right.Value;

    public static bool operator <=(Offset left, Offset right) => left.Value <= right.Value;

    public static bool operator >=(Offset left, Offset right) => left.Value >= right.Value;

    public static Offset operator +(Offset offset, long count) => offset.Add(count);

    public static Offset operator -(Offset offset, long count) => offset.Subtract(count);

    /// <summary>How many records lie between two offsets.</summary>
    public static long operator -(Offset left, Offset right) => checked(left.Value - right.Value);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
