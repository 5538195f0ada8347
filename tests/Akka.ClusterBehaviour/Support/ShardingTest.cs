using Akka.Actor;
using Akka.Cluster.Sharding;
using static Akka.Cluster.ClusterEvent;

namespace Akka.ClusterBehaviour;

/// <summary>Nodes with entities, each in a shard of its own; messages are "id|what".</summary>
public abstract class ShardingTest : ClusterTest
{
    private const string TypeName = "thing";

    /// <summary>Rebalance is quick here, and moves what the test says; the packages would stop idle entities by default.</summary>
    internal const string Config = """
        akka.cluster.sharding {
          rebalance-interval = 100ms
          passivate-idle-entity-after = off
        }
        """;

    /// <summary>The extractor throws on it.</summary>
    internal const string ExtractorFailure = "fail|";

    internal Chronicle Chronicle { get; } = new();

    internal Placement Placement { get; } = new();

    internal async Task<TestNode[]> StartShardedAsync(int count, string extraConfig = "")
    {
        TestNode[] nodes = await StartClusterAsync(count, Config + "\n" + extraConfig);
        StartSharding(nodes);
        return nodes;
    }

    internal void StartSharding(params TestNode[] nodes)
    {
        foreach (TestNode node in nodes)
        {
            Chronicle chronicle = Chronicle;
            string host = node.Host;
            ClusterSharding sharding = ClusterSharding.Get(node.System);
            sharding.Start(
                TypeName,
                id => Props.Create(() => new Entity(chronicle, id, host)),
                ClusterShardingSettings.Create(node.System),
                new Extractor(),
                new PlacementStrategy(Placement, node.Address),
                "stop");
        }
    }

    internal static IActorRef Region(TestNode node) => ClusterSharding.Get(node.System).ShardRegion(TypeName);

    internal static IActorRef StartProxy(TestNode node, string role) => ClusterSharding.Get(node.System).StartProxy(TypeName, role, new Extractor());

    internal static Task<string> AskAsync(TestNode node, string message) => Region(node).Ask<string>(message, Eventually.Default);

    /// <summary>Completes when the entity runs, somewhere.</summary>
    internal static Task StartEntityAsync(TestNode node, string id) => StartEntityAsync(Region(node), id);

    internal static Task StartEntityAsync(IActorRef region, string id) => region.Ask<object>(new ShardRegion.StartEntity(id), Eventually.Default);

    internal static Task StartEntitiesAsync(TestNode node, IEnumerable<string> ids) => Task.WhenAll(ids.Select(id => StartEntityAsync(node, id)));

    internal static async Task<string[]> EntitiesOfAsync(TestNode node)
    {
        CurrentShardRegionState state = await Region(node).Ask<CurrentShardRegionState>(GetShardRegionState.Instance, Eventually.Default);
        return [.. state.Shards.SelectMany(shard => shard.EntityIds).Order()];
    }

    internal static Func<MemberRemoved, bool> Removed(TestNode node) => removed => removed.Member.Address == node.Address;

    private sealed class Extractor : IMessageExtractor
    {
        public string EntityId(object message) => message is ExtractorFailure
            ? throw new InvalidOperationException("as the test wants it")
            : message is string text && text.Contains('|') ? text.Split('|')[0] : null!;

        public object EntityMessage(object message) => ((string)message).Split('|')[1];

        public string ShardId(object message) => message is ShardRegion.StartEntity start ? start.EntityId : EntityId(message);

        public string ShardId(string entityId, object? messageHint = null) => entityId;
    }

    /// <summary>Says where it runs; stops when it is told to, as soon as the test lets it.</summary>
    private sealed class Entity : ReceiveActor
    {
        private readonly Chronicle _chronicle;
        private readonly string _name;

        public Entity(Chronicle chronicle, string id, string host)
        {
            _chronicle = chronicle;
            _name = $"{id}@{host}";
            Receive<string>(message =>
            {
                switch (message)
                {
                    case "where":
                        Sender.Tell(host);
                        break;
                    case "stop":
                        chronicle.Add($"{_name} stopping");
                        chronicle.StopAllowed.PipeTo(Self, success: () => PoisonPill.Instance);
                        break;
                    default:
                        Sender.Tell(message);
                        break;
                }
            });
        }

        protected override void PreStart() => _chronicle.Add($"{_name} started");

        protected override void PostStop() => _chronicle.Add($"{_name} stopped");
    }
}
