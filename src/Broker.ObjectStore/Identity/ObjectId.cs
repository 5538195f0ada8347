namespace Broker.ObjectStore;

/// <summary>A data object of this cluster. Allocated by the metadata, never reused.</summary>
public readonly record struct ObjectId(long Value) : IComparable<ObjectId>
{
    public int CompareTo(ObjectId other) => Value.CompareTo(other.Value);

    public static bool operator <(ObjectId left, ObjectId right) => left.Value < right.Value;

    public static bool operator >(ObjectId left, ObjectId right) => left.Value > right.Value;

    public static bool operator <=(ObjectId left, ObjectId right) => left.Value <= right.Value;

    public static bool operator >=(ObjectId left, ObjectId right) => left.Value >= right.Value;

    public override string ToString() => $"object-{Value}";
}
