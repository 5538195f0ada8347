using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Configuration;

namespace Akka.Cluster.Unit;

/// <summary>A node at whose port nobody listens is unreachable before its silence says so.</summary>
public sealed class RefusedConnectionsTests
{
    private static readonly Address Node = new("akka.tcp", "test", "127.0.0.1", 1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private long _nowMs;

    [Fact]
    public void Node_that_has_refused_more_than_once_for_long_enough_is_gone()
    {
        RefusedConnections refusals = New(TimeSpan.FromMilliseconds(250));
        refusals.Refused(Node);
        _nowMs = 1_000;
        Assert.False(refusals.IsGone(Node));
        refusals.Refused(Node);
        Assert.True(refusals.IsGone(Node));
        Assert.False(refusals.IsGone(Node.WithPort(2)));
    }

    [Fact]
    public void Node_is_there_until_the_time_is_over()
    {
        RefusedConnections refusals = New(TimeSpan.FromMilliseconds(250));
        refusals.Refused(Node);
        refusals.Refused(Node);
        _nowMs = 249;
        Assert.False(refusals.IsGone(Node));
        _nowMs = 250;
        Assert.True(refusals.IsGone(Node));
    }

    [Fact]
    public void Node_that_has_answered_meanwhile_begins_anew()
    {
        RefusedConnections refusals = New(TimeSpan.FromMilliseconds(250));
        refusals.Refused(Node);
        _nowMs = 200;
        refusals.Forget(Node);
        refusals.Refused(Node);
        refusals.Refused(Node);
        _nowMs = 300;
        Assert.False(refusals.IsGone(Node));
    }

    [Fact]
    public void Without_a_time_nobody_is_gone()
    {
        RefusedConnections refusals = New(null);
        refusals.Refused(Node);
        refusals.Refused(Node);
        _nowMs = long.MaxValue;
        Assert.False(refusals.IsGone(Node));
    }

    // The detectors would take minutes.
    [Fact]
    public async Task Member_whose_process_has_ended_is_unreachable_and_reachable_again_when_its_port_answers()
    {
        (Cluster cluster, ActorSystem other) = await StartTwoAsync("unreachable-when-refused-for = 100ms");
        Address gone = Cluster.Get(other).SelfAddress;

        await other.Terminate().WaitAsync(Patience);

        await EventuallyAsync(() => cluster.State.Unreachable.Any(member => member.Address == gone));

        // With somebody who listens there nobody refuses; and then as if it had answered.
        Assert.True(cluster.FailureDetector.IsAvailable(gone));
        using (Socket listener = new(SocketType.Stream, ProtocolType.Tcp))
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, gone.Port!.Value));
            listener.Listen();
            cluster.Refusals.Forget(gone);
            await EventuallyAsync(() => cluster.State.Unreachable.IsEmpty);
        }

        await cluster.System.Terminate().WaitAsync(Patience);
    }

    [Fact]
    public async Task Member_whose_process_has_ended_is_reachable_for_as_long_as_its_detector_says_where_that_is_off()
    {
        (Cluster cluster, ActorSystem other) = await StartTwoAsync("");
        int refused = 0;
        cluster.System.EventStream.Subscribe(cluster.System.ActorOf(Props.Create(() => new Counter(() => Interlocked.Increment(ref refused)))), typeof(Remote.AssociationErrorEvent));

        await other.Terminate().WaitAsync(Patience);

        await EventuallyAsync(() => Volatile.Read(ref refused) >= 20);
        Assert.Empty(cluster.State.Unreachable);
        Assert.Null(cluster.Settings.UnreachableWhenRefusedFor);
        await cluster.System.Terminate().WaitAsync(Patience);
    }

    // The first watches the second, with that setting of its detector.
    private static async Task<(Cluster First, ActorSystem Second)> StartTwoAsync(string detector)
    {
        Cluster first = Cluster.Get(Start(detector));
        ActorSystem second = Start("");
        await first.JoinAsync(first.SelfAddress).WaitAsync(Patience);
        await Cluster.Get(second).JoinAsync(first.SelfAddress).WaitAsync(Patience);
        await EventuallyAsync(() => first.FailureDetector.IsMonitoring(Cluster.Get(second).SelfAddress));
        return (first, second);
    }

    private static ActorSystem Start(string detector) => ActorSystem.Create("test", ConfigurationFactory.ParseString($$"""
        akka {
          loglevel = OFF
          stdout-loglevel = OFF
          actor.provider = cluster
          coordinated-shutdown { run-by-actor-system-terminate = off, exit-clr = off, run-by-clr-shutdown-hook = off }
          remote { retry-gate-closed-for = 100ms, dot-netty.tcp { hostname = "127.0.0.1", port = 0 } }
          cluster {
            unreachable-nodes-reaper-interval = 50ms
            periodic-tasks-initial-delay = 50ms
            failure-detector { heartbeat-interval = 50ms, acceptable-heartbeat-pause = 300s, {{detector}} }
          }
        }
        """));

    private static async Task EventuallyAsync(Func<bool> condition)
    {
        using CancellationTokenSource patience = new(Patience);
        while (!condition())
        {
            await Task.Delay(10, patience.Token);
        }
    }

    private RefusedConnections New(TimeSpan? patience) => new(patience, () => _nowMs);

    private sealed class Counter : ReceiveActor
    {
        public Counter(Action onError) => Receive<Remote.AssociationErrorEvent>(_ => onError());
    }
}
