using System.Globalization;

namespace Broker.ObjectStore;

/// <summary>A broker's <c>node.id</c>. -1 (<see cref="None"/>) where there is none, as in Kafka's protocol.</summary>
public readonly record struct NodeId(int Value) : IComparable<NodeId>
{
    /// <summary>No node.</summary>
    public static NodeId None => new(-1);

    public int CompareTo(NodeId other) => Value.CompareTo(other.Value);

    public static bool operator <(NodeId left, NodeId right) => left.CompareTo(right) < 0;

    public static bool operator >(NodeId left, NodeId right) => left.CompareTo(right) > 0;

    public static bool operator <=(NodeId left, NodeId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(NodeId left, NodeId right) => left.CompareTo(right) >= 0;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
