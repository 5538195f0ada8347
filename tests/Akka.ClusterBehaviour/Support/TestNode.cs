using Akka.Actor;
using Akka.Configuration;

namespace Akka.ClusterBehaviour;

/// <summary>A node: an actor system behind a proxy. It can be killed, and started again at the same address.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    public const string SystemName = "behaviour";

    /// <summary>Hosts of proxies; as many characters follow for all of them, so that none is the beginning of another.</summary>
    public const string HostPrefix = "127.77.";

    private const string NodeHostPrefix = "127.78.";

    /// <summary>Of each of ten networks, hosts 100 to 199.</summary>
    private const int HostsPerNetwork = 100;

    private static int _lastNumber = -1;

    private readonly LinkProxy _proxy;
    private readonly string _nodeHost;
    private readonly string _config;

    private TestNode(string config)
    {
        int number = Interlocked.Increment(ref _lastNumber);
        string place = $"{number / HostsPerNetwork}.{100 + (number % HostsPerNetwork)}";
        Host = HostPrefix + place;
        _nodeHost = NodeHostPrefix + place;
        _proxy = new LinkProxy(Host, _nodeHost);
        _config = config;
        System = null!;
    }

    public string Host { get; }

    public int Port => _proxy.Port;

    /// <summary>Where the node itself listens.</summary>
    public string OwnHost => _nodeHost;

    public ActorSystem System { get; private set; }

    public Cluster.Cluster Cluster => Akka.Cluster.Cluster.Get(System);

    public Address Address => new("akka.tcp", SystemName, Host, Port);

    /// <summary>
    /// Tuned as akka.hocon proposes for a broker, with its reasons: a node that is silent for 1.3 s is unreachable, and one that stays
    /// so for another 700 ms is gone.
    /// </summary>
    public static string ClusterConfig(params IEnumerable<TestNode> seeds) => $$"""
        akka {
          actor.provider = cluster
          cluster {
            seed-nodes = [{{string.Join(", ", seeds.Select(seed => $"\"{seed.Address}\""))}}]
            downing-provider-class = "Akka.Cluster.SBR.SplitBrainResolverProvider, Akka.Cluster"
            gossip-interval = 200ms
            leader-actions-interval = 200ms
            unreachable-nodes-reaper-interval = 100ms
            periodic-tasks-initial-delay = 200ms
            retry-unsuccessful-join-after = 2s
            seed-node-timeout = 2s
            failure-detector {
              heartbeat-interval = 250ms
              acceptable-heartbeat-pause = 750ms
              min-std-deviation = 50ms
            }
            split-brain-resolver.stable-after = 700ms
          }
        }
        """;

    public static TestNode Start(string config)
    {
        TestNode node = Create(config);
        node.Restart();
        return node;
    }

    /// <summary>A node whose address is known, but that does not run yet.</summary>
    public static TestNode Create(string config) => new(config);

    /// <summary>A new run at the same address.</summary>
    public void Restart(string? config = null)
    {
        string remote = $$"""
            akka {
              stdout-loglevel = OFF
              loglevel = OFF
              # A killed node says nothing to anybody.
              coordinated-shutdown.run-by-actor-system-terminate = off
              coordinated-shutdown.exit-clr = off
              coordinated-shutdown.run-by-clr-shutdown-hook = off
              remote {
                retry-gate-closed-for = 500ms
                dot-netty.tcp {
                  hostname = "{{_nodeHost}}"
                  port = {{Port}}
                  public-hostname = "{{Host}}"
                  public-port = {{Port}}
                }
              }
            }
            """;
        System = ActorSystem.Create(SystemName, ConfigurationFactory.ParseString((config ?? _config) + "\n" + remote));
    }

    /// <summary>Nothing goes between the two any more.</summary>
    public void Cut(TestNode other)
    {
        _proxy.Cut(other.Host);
        other._proxy.Cut(Host);
    }

    public void Heal(TestNode other) => Heal(other, isLost: false);

    /// <summary>Breaks the connections that others opened to this node.</summary>
    public void ResetConnections() => _proxy.Reset();

    /// <summary>The end of the process: no word to anybody, and all its connections are gone.</summary>
    public async Task KillAsync(params IEnumerable<TestNode> others)
    {
        foreach (TestNode other in others)
        {
            Cut(other);
        }

        await System.Terminate().WaitAsync(Eventually.Default);
        foreach (TestNode other in others)
        {
            Heal(other, isLost: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (System is not null)
        {
            await System.Terminate().WaitAsync(Eventually.Default);
        }

        await _proxy.DisposeAsync();
    }

    private void Heal(TestNode other, bool isLost)
    {
        _proxy.Heal(other.Host, isLost);
        other._proxy.Heal(Host, isLost);
    }
}
