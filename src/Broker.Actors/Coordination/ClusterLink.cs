using Akka.Actor;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Coordination;

/// <summary>A node's link to the coordinator of its cluster.</summary>
/// <param name="View">What the node knows of the metadata.</param>
/// <param name="Client">Its <see cref="MetadataClientActor"/>.</param>
internal sealed record ClusterLink(MetadataView View, IActorRef Client)
{
    /// <summary>What leads to the coordinator, past the client.</summary>
    public IActorRef Coordinator { get; init; } = ActorRefs.Nobody;

    /// <summary>How long a start waits for an answer of the coordinator, whose node may die before it gives one.</summary>
    public TimeSpan StartPatience { get; init; } = CoordinatorTimeouts.Command;

    /// <summary>The nodes that are in the cluster now; null: it is not known.</summary>
    public Func<IReadOnlySet<NodeId>?> Present { get; init; } = () => null;

    /// <summary>Told of each stream that the node has begun to lead.</summary>
    public Action<StreamId> OnLed { get; init; } = _ => { };

    /// <summary>What the node has read of the logs of nodes that do not answer.</summary>
    public LogsAhead Ahead { get; init; } = new();

    /// <summary>Starts a node's client.</summary>
    /// <param name="system">The node's actors.</param>
    /// <param name="coordinator">The coordinator, or what leads to it.</param>
    /// <param name="view">What the node begins with.</param>
    /// <param name="store">Where the metadata are.</param>
    /// <param name="clock">The node's.</param>
    /// <param name="loggers">For the node's log.</param>
    public static IActorRef StartClient(ActorSystem system, ICanTell coordinator, MetadataView view, IObjectStore store, TimeProvider clock, ILoggerFactory loggers)
    {
        IObjectStore metadata = new PurposeObjectStore(store, StorePurpose.Metadata);
        MetadataLogOptions options = new() { Time = clock };
        MetadataClientServices services = new(
            coordinator,
            view,
            ct => MetadataLog.ReadAsync(metadata, options, ct).AsTask(),
            (version, ct) => MetadataLog.MayHaveNewerAsync(metadata, options, version, ct).AsTask(),
            clock,
            loggers.CreateLogger("Broker.Metadata"));
        return system.ActorOf(Props.Create(() => new MetadataClientActor(services)), "metadata");
    }
}
