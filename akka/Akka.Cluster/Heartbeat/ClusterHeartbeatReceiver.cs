using Akka.Actor;

namespace Akka.Cluster;

/// <summary>Answers heartbeats, by an actor of its own: the core may be busy.</summary>
internal sealed class ClusterHeartbeatReceiver : ReceiveActor
{
    public ClusterHeartbeatReceiver(Cluster cluster)
    {
        UniqueAddress self = cluster.SelfUniqueAddress;
        Receive<Heartbeat>(heartbeat => Sender.Tell(new HeartbeatResponse(self, heartbeat.SequenceNumber)));
    }
}
