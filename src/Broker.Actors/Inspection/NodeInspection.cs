using Akka.Actor;
using Broker.Actors.Clustering;
using Broker.Actors.Configuration;

namespace Broker.Actors.Inspection;

/// <summary>What operators may ask of a running node, by groups of questions. Thread-safe.</summary>
public sealed class NodeInspection
{
    /// <param name="actors">The node's.</param>
    /// <param name="broker">The node's part that serves.</param>
    /// <param name="options">The node's.</param>
    /// <param name="stop">Ends the node's process in good order, as SIGTERM does; returns at once.</param>
    internal NodeInspection(ActorSystem actors, BrokerSystem broker, BrokerOptions options, Action stop)
    {
        bool isAlone = options.Cluster is null;
        Cluster = new ClusterInspection(actors, broker.Metadata, options.NodeId, isAlone, stop);
        Sharding = new ShardingInspection(actors, broker.Metadata, options.NodeId, isAlone);
        Metadata = new MetadataInspection(broker.Metadata, options.NodeId, () => Cluster.Show().Coordinator, () => broker.OfflinePartitions);
        Topics = new TopicInspection(broker.Metadata, broker.Partitions);
        Objects = new ObjectInspection(broker.Metadata);
        Groups = new GroupInspection(broker.Metadata, broker.Groups, Topics, options.NodeId);
        Actors = new ActorInspection(actors, options.NodeId);
        if (!isAlone)
        {
            actors.ActorOf(Props.Create(() => new NodeControlActor(options.NodeId, stop)), NodeControlActor.Name);
        }
    }

    internal ClusterInspection Cluster { get; }

    internal ShardingInspection Sharding { get; }

    internal MetadataInspection Metadata { get; }

    internal TopicInspection Topics { get; }

    internal ObjectInspection Objects { get; }

    internal GroupInspection Groups { get; }

    internal ActorInspection Actors { get; }
}
