using System.Globalization;

namespace Broker.ObjectStore;

/// <summary>Counts the leaders of a stream; each opening of the stream takes the next one. Never negative once claimed.</summary>
public readonly record struct LeaderEpoch(int Value) : IComparable<LeaderEpoch>
{
    /// <summary>No leader yet: the epoch of a stream that was never opened.</summary>
    public static LeaderEpoch None => new(-1);

    public int CompareTo(LeaderEpoch other) => Value.CompareTo(other.Value);

    /// <summary>The epoch of the leader after this one.</summary>
    public LeaderEpoch Next() => new(checked(Value + 1));

    public static bool operator <(LeaderEpoch left, LeaderEpoch right) => left.Value < right.Value;

    public static bool operator >(LeaderEpoch left, LeaderEpoch right) => left.Value > right.Value;

    public static bool operator <=(LeaderEpoch left, LeaderEpoch right) => left.Value <= right.Value;

    public static bool operator >=(LeaderEpoch left, LeaderEpoch right) => left.Value >= right.Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
