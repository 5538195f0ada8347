using Akka.Cluster;
using static Akka.Cluster.ClusterEvent;

namespace Akka.ClusterBehaviour;

/// <summary>Has nodes, and ends them with the test.</summary>
public abstract class ClusterTest : IAsyncLifetime
{
    private readonly List<TestNode> _nodes = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (TestNode node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    internal TestNode Add(TestNode node)
    {
        _nodes.Add(node);
        return node;
    }

    /// <summary>A cluster of so many nodes, all up, in the order in which they joined.</summary>
    internal async Task<TestNode[]> StartClusterAsync(int count, string extraConfig = "")
    {
        TestNode[] nodes = [.. Enumerable.Range(0, count).Select(_ => Add(TestNode.Start(TestNode.ClusterConfig() + "\n" + extraConfig)))];
        foreach (TestNode node in nodes)
        {
            await node.Cluster.JoinAsync(nodes[0].Address).WaitAsync(Eventually.Default);
        }

        await AllSeeAsync(nodes, nodes);
        return nodes;
    }

    /// <summary>All observers see just these members, all of them up and reachable.</summary>
    internal static Task AllSeeAsync(TestNode[] observers, TestNode[] members, TimeSpan? within = null) => Eventually.Holds(
        () => observers.All(observer => Sees(observer.Cluster.State, members)),
        $"{observers.Length} nodes see {members.Length} members up",
        within);

    internal static Probe Subscribe(TestNode node, SubscriptionInitialStateMode mode, params Type[] types)
    {
        Probe probe = new(node.System);
        node.Cluster.Subscribe(probe.Ref, mode, types);
        return probe;
    }

    /// <summary>Gets all that happens to members, from now on.</summary>
    internal static async Task<Probe> SubscribeAsync(TestNode node)
    {
        Probe probe = Subscribe(node, InitialStateAsSnapshot, typeof(IClusterDomainEvent));
        await probe.ExpectAsync<CurrentClusterState>();
        return probe;
    }

    internal static Func<IMemberEvent, bool> Of(TestNode node) => change => change.Member.Address == node.Address;

    private static bool Sees(CurrentClusterState state, TestNode[] members) =>
        state.Members.Count == members.Length && state.Unreachable.IsEmpty
        && members.All(member => state.Members.Any(seen => seen.Address == member.Address && seen.Status == MemberStatus.Up));
}
