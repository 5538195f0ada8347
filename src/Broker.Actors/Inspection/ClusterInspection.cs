using Akka.Actor;
using Akka.Cluster;
using Broker.Actors.Clustering;
using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Inspection;

/// <summary>Who is in the cluster, and what operators may change about that. Thread-safe.</summary>
/// <param name="actors">The node's.</param>
/// <param name="metadata">What the node knows.</param>
/// <param name="node">This node.</param>
/// <param name="isAlone">Whether it has no <c>cluster.address</c>.</param>
/// <param name="stop">Ends this node's process in good order; returns at once.</param>
internal sealed class ClusterInspection(ActorSystem actors, MetadataView metadata, NodeId node, bool isAlone, Action stop)
{
    /// <summary>The cluster as this node sees it.</summary>
    public ClusterReport Show()
    {
        MetadataImage image = metadata.Current;
        RegisteredNode[] nodes = [.. image.LiveNodes.Values.Select(Describe)];
        if (isAlone)
        {
            return new ClusterReport(image.ClusterId, node.Value, Alone: true, node.Value, [], nodes);
        }

        Cluster cluster = Cluster.Get(actors);
        ClusterEvent.CurrentClusterState state = cluster.State;
        Member? oldest = OldestOf(state);
        MemberReport[] members = [.. state.Members.Select(member => Describe(member, cluster, state, oldest))];
        return new ClusterReport(image.ClusterId, node.Value, Alone: false, oldest is null ? null : NodeRoles.NodeOf(oldest)?.Value, members, nodes);
    }

    /// <summary>Has a node moved what it leads to others, and end.</summary>
    /// <param name="address">Which; null: this one.</param>
    /// <exception cref="InspectionException">There is no such member, it cannot be asked, or this node is alone.</exception>
    public async Task<MembershipReport> LeaveAsync(string? address)
    {
        Cluster cluster = RequireCluster("it leaves nothing: end it by SIGTERM");
        Member member = address is null ? cluster.SelfMember : Find(cluster, address);
        string place = MemberAddress.Of(member.Address);
        if (member.UniqueAddress == cluster.SelfUniqueAddress)
        {
            stop();
            return Leaves(node, place);
        }

        if (IsUnreachable(cluster.State, member) || member.Status == MemberStatus.Down)
        {
            throw new InspectionException(InspectionFailure.Refused, $"{place} cannot be reached, so it cannot leave in good order: end its process, or take it for dead by 'broker cluster down {place}'");
        }

        ActorSelection control = actors.ActorSelection(new RootActorPath(member.Address) / "user" / NodeControlActor.Name);
        LeavesInOrder leaves = await Inquiry.AskAsync<LeavesInOrder>(control, LeaveInOrder.Instance, $"{place} is still starting, on its way out, or hangs; should it hear of this later, it leaves then. See 'broker cluster show'").ConfigureAwait(false);
        return Leaves(leaves.Node, place);
    }

    /// <summary>Takes a member for dead, whatever it is in truth.</summary>
    /// <exception cref="InspectionException">There is no such member, it is this node, or this node is alone.</exception>
    public MembershipReport Down(string address)
    {
        Cluster cluster = RequireCluster("it has nobody to take for dead");
        Member member = Find(cluster, address);
        if (member.UniqueAddress == cluster.SelfUniqueAddress)
        {
            throw new InspectionException(InspectionFailure.Refused, $"{address} is the node that was asked, and lives: have it leave by 'broker cluster leave'");
        }

        cluster.Down(member.Address);
        return new MembershipReport("down", [MemberAddress.Of(member.Address)], $"{MemberAddress.Of(member.Address)} is taken for dead: others take over what it led. If it still runs, it notices, and joins the cluster again");
    }

    /// <summary>Takes all members for dead that somebody does not hear.</summary>
    /// <exception cref="InspectionException">This node is alone.</exception>
    public MembershipReport DownUnreachable()
    {
        Cluster cluster = RequireCluster("it has nobody to take for dead");
        Member[] gone = [.. cluster.State.Unreachable.Where(member => member.UniqueAddress != cluster.SelfUniqueAddress).Order()];
        foreach (Member member in gone)
        {
            cluster.Down(member.Address);
        }

        string[] places = [.. gone.Select(member => MemberAddress.Of(member.Address))];
        return new MembershipReport(
            "down-unreachable", places, gone.Length == 0 ? "every member is reachable: nothing was done" : $"{string.Join(", ", places)} taken for dead: others take over what they led, and their processes end if they still run");
    }

    /// <summary>Asks a member for entry.</summary>
    /// <exception cref="InspectionException">This node is in a cluster already, was in one, or is alone.</exception>
    public MembershipReport Join(string address)
    {
        Cluster cluster = RequireCluster("it can join nobody: start it again with a cluster.address");
        (string host, int port) = MemberAddress.Parse(address);
        if (cluster.IsTerminated || cluster.SelfMember.Status != MemberStatus.Removed)
        {
            string others = string.Join(", ", cluster.State.Members.Select(member => MemberAddress.Of(member.Address)));
            throw new InspectionException(
                InspectionFailure.Refused, cluster.IsTerminated ? "the node's part in its cluster has ended: it joins anew when it is started again" : $"the node is in a cluster already, of {others}. A start joins the cluster of its object.store by itself");
        }

        cluster.Join(new Address(cluster.SelfAddress.Protocol, cluster.SelfAddress.System, host, port));
        return new MembershipReport("join", [$"{host}:{port}"], $"{host}:{port} is asked for entry: see 'broker cluster show'");
    }

    private Cluster RequireCluster(string consequence) => isAlone
        ? throw new InspectionException(InspectionFailure.Refused, $"node {node} runs alone (it has no cluster.address): {consequence}")
        : Cluster.Get(actors);

    private static Member Find(Cluster cluster, string address)
    {
        (string host, int port) = MemberAddress.Parse(address);
        return cluster.State.Members.FirstOrDefault(member => string.Equals(member.Address.Host, host, StringComparison.OrdinalIgnoreCase) && member.Address.Port == port)
            ?? throw new InspectionException(
                InspectionFailure.NotFound, $"no member has the address {host}:{port}; there are {string.Join(", ", cluster.State.Members.Select(member => MemberAddress.Of(member.Address)))}");
    }

    private static MembershipReport Leaves(NodeId who, string place) =>
        new("leave", [place], $"node {who} ({place}) leaves: what it leads moves to others first, then its process ends");

    // As a singleton chooses its node.
    private static Member? OldestOf(ClusterEvent.CurrentClusterState state) =>
        state.Members.Where(member => member.Status is MemberStatus.Up or MemberStatus.Leaving).Min(Member.AgeOrdering);

    private static bool IsUnreachable(ClusterEvent.CurrentClusterState state, Member member) => state.Unreachable.Contains(member);

    private static MemberReport Describe(Member member, Cluster cluster, ClusterEvent.CurrentClusterState state, Member? oldest) => new(
        MemberAddress.Of(member.Address),
        NodeRoles.NodeOf(member)?.Value,
        member.Status.ToString().ToLowerInvariant(),
        [.. member.Roles.Order(StringComparer.Ordinal)],
        IsUnreachable(state, member),
        member.Address.Equals(state.Leader),
        member == oldest,
        member.UniqueAddress == cluster.SelfUniqueAddress);

    private static RegisteredNode Describe(LiveNode node) => new(
        node.NodeId.Value,
        node.Epoch,
        node.Place.ClusterAddress,
        node.Place.Rack,
        [.. node.Place.Endpoints.Select(endpoint => $"{endpoint.Listener}://{endpoint.Host}:{endpoint.Port}")]);
}
