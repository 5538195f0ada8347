namespace Broker.Actors.Inspection;

/// <summary>A cluster as one of its nodes sees it: what <c>broker cluster show</c> prints.</summary>
/// <param name="ClusterId">As in Kafka.</param>
/// <param name="NodeId">Who says this.</param>
/// <param name="Alone">The node has no <c>cluster.address</c>, and so no members.</param>
/// <param name="Coordinator">The node that commits changes of the metadata; null: nobody now.</param>
/// <param name="Members">Of the actor cluster, by address: who is there.</param>
/// <param name="Nodes">Of the metadata, by id: who serves clients.</param>
public sealed record ClusterReport(
    string ClusterId, int NodeId, bool Alone, int? Coordinator, IReadOnlyList<MemberReport> Members, IReadOnlyList<RegisteredNode> Nodes);

/// <summary>A member of the actor cluster.</summary>
/// <param name="Address"><c>HOST:PORT</c>, as other nodes reach it.</param>
/// <param name="NodeId">Null: it is no broker.</param>
/// <param name="Status"><c>joining</c>, <c>up</c>, <c>leaving</c>, <c>exiting</c> or <c>down</c>.</param>
/// <param name="Unreachable">Somebody in the cluster does not hear it.</param>
/// <param name="Leader">It moves members from status to status.</param>
/// <param name="Oldest">It has what the cluster has one of: the coordinator, and those who care for what is stored.</param>
/// <param name="Self">It is the node that says this.</param>
public sealed record MemberReport(
    string Address, int? NodeId, string Status, IReadOnlyList<string> Roles, bool Unreachable, bool Leader, bool Oldest, bool Self);

/// <summary>A node that clients may be sent to.</summary>
/// <param name="Epoch">Counts its starts.</param>
/// <param name="ClusterAddress"><c>HOST:PORT</c>, as other nodes reach it; "" = it is alone.</param>
/// <param name="Rack">"" = none.</param>
/// <param name="Listeners">Where clients reach it: <c>NAME://HOST:PORT</c>.</param>
public sealed record RegisteredNode(int NodeId, long Epoch, string ClusterAddress, string Rack, IReadOnlyList<string> Listeners);

/// <summary>What was done about members.</summary>
/// <param name="Action"><c>leave</c>, <c>down</c>, <c>down-unreachable</c> or <c>join</c>.</param>
/// <param name="Addresses">Whom it concerns; none: nothing was to be done.</param>
/// <param name="Message">What happens now, for people.</param>
public sealed record MembershipReport(string Action, IReadOnlyList<string> Addresses, string Message);
