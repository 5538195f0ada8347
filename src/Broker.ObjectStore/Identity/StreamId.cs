namespace Broker.ObjectStore;

/// <summary>One partition's log in the store. Allocated by the metadata, never reused, not even after its topic is deleted.</summary>
public readonly record struct StreamId(long Value) : IComparable<StreamId>
{
    public int CompareTo(StreamId other) => Value.CompareTo(other.Value);

    public static bool operator <(StreamId left, StreamId right) => left.Value < right.Value;

    public static bool operator >(StreamId left, StreamId right) => left.Value > right.Value;

    public static bool operator <=(StreamId left, StreamId right) => left.Value <= right.Value;

    public static bool operator >=(StreamId left, StreamId right) => left.Value >= right.Value;

    public override string ToString() => $"stream-{Value}";
}
