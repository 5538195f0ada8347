using Akka.Actor;
using Broker.Actors.Configuration;
using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Groups;
using Broker.Actors.Metrics;
using Broker.Actors.Partitions;
using Broker.Actors.Security;
using Broker.ObjectStore.Buffers;

namespace Broker.Actors.Requests;

/// <summary>What request handlers may use of their node.</summary>
/// <param name="ResponseMemory">What the records of fetches in progress are taken from.</param>
/// <param name="Coordinator">The <see cref="CoordinatorActor"/>: every change of metadata goes there.</param>
public sealed record BrokerServices(
    BrokerOptions Options,
    MetadataView Metadata,
    IActorRef Coordinator,
    PartitionDirectory Partitions,
    GroupDirectory Groups,
    BufferPool Buffers,
    ResponseMemory ResponseMemory,
    IAuthorizer Authorizer,
    TimeProvider Clock)
{
    /// <summary>Where what clients read is counted.</summary>
    public ClientTraffic Traffic { get; init; } = new();
}
