using Akka.Actor;
using Akka.Cluster.Tools.Singleton;

namespace Akka.ClusterBehaviour;

/// <summary>One actor for the whole cluster: where it runs, how it moves, and how it is found.</summary>
public sealed class SingletonTests : ClusterTest
{
    private const string Manager = "holder";

    private readonly Chronicle _chronicle = new();

    [Fact]
    public async Task Singleton_runs_on_the_oldest_member_only()
    {
        TestNode[] nodes = await StartClusterAsync(3);
        StartManagers(nodes);

        foreach (TestNode node in nodes)
        {
            Assert.Equal(nodes[0].Host, await AskAsync(Proxy(node), "where"));
        }

        Assert.Equal([$"{nodes[0].Host} started"], _chronicle.Entries);
    }

    [Fact]
    public async Task Singleton_of_a_role_runs_on_the_oldest_member_with_it()
    {
        TestNode[] plain = await StartClusterAsync(1);
        TestNode store = Add(TestNode.Start(TestNode.ClusterConfig() + "\nakka.cluster.roles = [store]"));
        await store.Cluster.JoinAsync(plain[0].Address).WaitAsync(Eventually.Default);
        store.System.ActorOf(ManagerProps(store, role: "store"), Manager);

        Assert.Equal(store.Host, await AskAsync(Proxy(plain[0], role: "store"), "where"));
    }

    [Fact]
    public async Task Singleton_that_moves_on_leave_starts_after_the_one_before_has_stopped()
    {
        TestNode[] nodes = await StartClusterAsync(3);
        StartManagers(nodes);
        IActorRef proxy = Proxy(nodes[2]);
        await AskAsync(proxy, "where");
        Probe probe = await SubscribeAsync(nodes[2]);
        _chronicle.HoldStop();

        Task leaving = nodes[0].Cluster.LeaveAsync();
        await _chronicle.HasAsync($"{nodes[0].Host} stopping");
        await probe.ExpectAsync<Cluster.ClusterEvent.MemberExited>();
        Task<string> answer = AskAsync(proxy, "where");
        _chronicle.ReleaseStop();

        Assert.Equal(nodes[1].Host, await answer);
        await leaving.WaitAsync(Eventually.Default);
        Assert.Equal(
            [$"{nodes[0].Host} started", $"{nodes[0].Host} stopping", $"{nodes[0].Host} stopped", $"{nodes[1].Host} started"], _chronicle.Entries);
    }

    [Fact]
    public async Task Singleton_starts_at_the_next_oldest_when_its_node_dies()
    {
        TestNode[] nodes = await StartClusterAsync(3);
        StartManagers(nodes);
        IActorRef proxy = Proxy(nodes[2]);
        await AskAsync(proxy, "where");

        await nodes[0].KillAsync(nodes[1..]);

        await _chronicle.HasAsync($"{nodes[1].Host} started");
        Assert.Equal(nodes[1].Host, await AskAsync(proxy, "where"));
    }

    [Fact]
    public async Task Singleton_ends_at_the_third_when_the_two_oldest_leave_at_once()
    {
        TestNode[] nodes = await StartClusterAsync(3);
        StartManagers(nodes);
        IActorRef proxy = Proxy(nodes[2]);
        await AskAsync(proxy, "where");

        await Task.WhenAll(nodes[..2].Select(node => node.Cluster.LeaveAsync())).WaitAsync(Eventually.Default);

        await _chronicle.HasAsync($"{nodes[2].Host} started");
        Assert.Equal(nodes[2].Host, await AskAsync(proxy, "where"));
        Assert.True(_chronicle.NeverTwoAtOnce());
    }

    [Fact]
    public async Task Proxy_keeps_messages_and_their_order_until_there_is_a_singleton()
    {
        TestNode[] nodes = await StartClusterAsync(2);
        IActorRef proxy = Proxy(nodes[1]);
        Probe probe = new(nodes[1].System);
        for (int i = 0; i < 100; i++)
        {
            proxy.Tell($"echo {i}", probe.Ref);
        }

        StartManagers(nodes);

        for (int i = 0; i < 100; i++)
        {
            string answer = await probe.ExpectAsync<string>();
            Assert.Equal($"echo {i}", answer);
        }
    }

    [Fact]
    public async Task Proxy_drops_the_first_message_when_its_buffer_is_full()
    {
        TestNode[] nodes = await StartClusterAsync(1);
        IActorRef proxy = nodes[0].System.ActorOf(ClusterSingletonProxy.Props(
            "/user/" + Manager, ClusterSingletonProxySettings.Create(nodes[0].System).WithBufferSize(2)));
        Probe probe = new(nodes[0].System);
        foreach (string message in (string[])["one", "two", "three"])
        {
            proxy.Tell("echo " + message, probe.Ref);
        }

        StartManagers(nodes);

        Assert.Equal("echo two", await probe.ExpectAsync<string>());
        Assert.Equal("echo three", await probe.ExpectAsync<string>());
    }

    /// <summary>A message that was under way to a singleton that ended is lost: it is asked again.</summary>
    private static async Task<string> AskAsync(IActorRef proxy, string question)
    {
        using CancellationTokenSource expiry = new(Eventually.Default);
        while (true)
        {
            try
            {
                return await proxy.Ask<string>(question, TimeSpan.FromSeconds(2), expiry.Token);
            }
            catch (AskTimeoutException)
            {
                // The next one.
            }
        }
    }

    private static IActorRef Proxy(TestNode node, string role = "") => node.System.ActorOf(ClusterSingletonProxy.Props(
        "/user/" + Manager, ClusterSingletonProxySettings.Create(node.System).WithRole(role)));

    private void StartManagers(params TestNode[] nodes)
    {
        foreach (TestNode node in nodes)
        {
            node.System.ActorOf(ManagerProps(node), Manager);
        }
    }

    private Props ManagerProps(TestNode node, string role = "") => ClusterSingletonManager.Props(
        Props.Create(() => new Holder(_chronicle, node.Host)), "stop", ClusterSingletonManagerSettings.Create(node.System).WithRole(role));

    /// <summary>Says where it is; stops when it is told to, as soon as the test lets it.</summary>
    private sealed class Holder : ReceiveActor
    {
        private readonly Chronicle _chronicle;
        private readonly string _node;

        public Holder(Chronicle chronicle, string node)
        {
            _chronicle = chronicle;
            _node = node;
            Receive<string>(message =>
            {
                switch (message)
                {
                    case "where":
                        Sender.Tell(node);
                        break;
                    case "stop":
                        chronicle.Add($"{node} stopping");
                        chronicle.StopAllowed.PipeTo(Self, success: () => PoisonPill.Instance);
                        break;
                    default:
                        Sender.Tell(message);
                        break;
                }
            });
        }

        protected override void PreStart() => _chronicle.Add($"{_node} started");

        protected override void PostStop() => _chronicle.Add($"{_node} stopped");
    }
}
