using System.Diagnostics;
using Akka.Actor;

namespace Akka.ClusterBehaviour;

/// <summary>Two systems with remoting, in no cluster.</summary>
public abstract class RemoteTest : IAsyncLifetime
{
    private readonly List<TestNode> _nodes = [];

    /// <summary>Silence of about two seconds ends watches; broken connections are noticed as quickly.</summary>
    internal const string Config = """
        akka {
          actor {
            provider = remote
            serializers.sequence = "Akka.ClusterBehaviour.SequencedSerializer, Akka.ClusterBehaviour"
            serialization-bindings {
              "Akka.ClusterBehaviour.Sequenced, Akka.ClusterBehaviour" = sequence
            }
          }
          remote {
            watch-failure-detector {
              heartbeat-interval = 300ms
              acceptable-heartbeat-pause = 1s
              unreachable-nodes-reaper-interval = 200ms
              expected-response-after = 300ms
            }
            transport-failure-detector {
              heartbeat-interval = 300ms
              acceptable-heartbeat-pause = 2s
            }
          }
        }
        """;

    internal TestNode A { get; private set; } = null!;

    internal TestNode B { get; private set; } = null!;

    public Task InitializeAsync()
    {
        A = Add(TestNode.Start(Config));
        B = Add(TestNode.Start(Config));
        return Task.CompletedTask;
    }

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

    /// <summary>An actor of one system as the other one knows it. A question may be lost with the connection to an earlier run: it is asked again.</summary>
    internal static async Task<IActorRef> ResolveAsync(TestNode from, TestNode at, string path)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await from.System.ActorSelection($"{at.Address}/user/{path}").ResolveOne(TimeSpan.FromSeconds(1));
            }
            catch (ActorNotFoundException) when (Stopwatch.GetElapsedTime(start) < Eventually.Default)
            {
                // The next one.
            }
        }
    }

    /// <summary>Answers with what it got.</summary>
    internal sealed class Echo : UntypedActor
    {
        protected override void OnReceive(object message) => Sender.Tell(message);
    }
}
