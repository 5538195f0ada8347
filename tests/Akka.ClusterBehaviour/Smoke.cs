using Akka.Actor;

namespace Akka.ClusterBehaviour;

public sealed class Smoke
{
    [Fact]
    public async Task Two_nodes_join()
    {
        string config = """
            akka.actor.provider = cluster
            akka.loglevel = INFO
            akka.stdout-loglevel = INFO
            akka.remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 }
            """;
        ActorSystem a = ActorSystem.Create("test", config);
        ActorSystem b = ActorSystem.Create("test", config);
        Cluster.Cluster ca = Cluster.Cluster.Get(a);
        await ca.JoinAsync(ca.SelfAddress).WaitAsync(TimeSpan.FromSeconds(5));
        await Cluster.Cluster.Get(b).JoinAsync(ca.SelfAddress).WaitAsync(TimeSpan.FromSeconds(5));
        Console.WriteLine(string.Join(",", ca.State.Members));
        await b.Terminate().WaitAsync(TimeSpan.FromSeconds(20));
        Console.WriteLine(string.Join(",", ca.State.Members));
        await a.Terminate().WaitAsync(TimeSpan.FromSeconds(20));
    }
}
