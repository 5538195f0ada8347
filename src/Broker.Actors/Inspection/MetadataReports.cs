namespace Broker.Actors.Inspection;

/// <summary>What the metadata hold: what <c>broker metadata show</c> prints.</summary>
/// <param name="ClusterId">As in Kafka.</param>
/// <param name="NodeId">Who says this: other nodes may know a newer or an older version.</param>
/// <param name="Coordinator">The node that commits changes; null: nobody now.</param>
/// <param name="Version">The log slot of the last commit.</param>
/// <param name="Topics">The broker's own included.</param>
/// <param name="LeaderlessPartitions">Those that no node leads that is there.</param>
/// <param name="Objects">With records.</param>
/// <param name="ObjectBytes">Their bytes.</param>
/// <param name="DeletableObjects">Objects that nothing refers to and that wait for their deletion.</param>
/// <param name="DeletableBytes">Their bytes.</param>
/// <param name="Wals">Write-ahead logs that may hold what is not uploaded.</param>
/// <param name="FencedWals">Those of them whose node is gone.</param>
/// <param name="Nodes">That clients may be sent to.</param>
/// <param name="NextStreamId">Given out next, as the two below.</param>
public sealed record MetadataReport(
    string ClusterId,
    int NodeId,
    int? Coordinator,
    long Version,
    int Topics,
    int Partitions,
    int LeaderlessPartitions,
    int Objects,
    long ObjectBytes,
    int DeletableObjects,
    long DeletableBytes,
    int Wals,
    int FencedWals,
    int Nodes,
    long NextStreamId,
    long NextObjectId,
    long NextProducerId);
