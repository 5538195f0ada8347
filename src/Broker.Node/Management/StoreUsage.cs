namespace Broker.Node.Management;

/// <summary>What a running node has asked of its object store, and for how much of its clients' data: what <c>GET /store/requests</c> answers.</summary>
/// <param name="Store">The store in the words of <c>object.store</c>.</param>
/// <param name="CountingSince">When the counts began: with the process.</param>
/// <param name="Now">When they were read.</param>
/// <param name="ProducedBytes">Bytes of the record batches that clients wrote.</param>
/// <param name="FetchedBytes">Bytes of the record batches that clients read.</param>
/// <param name="Objects">Objects with records in the store, this node's or not.</param>
/// <param name="ObjectBytes">Their bytes.</param>
/// <param name="Requests">Only those kinds that occurred.</param>
public sealed record StoreUsage(
    string Store,
    int NodeId,
    DateTimeOffset CountingSince,
    DateTimeOffset Now,
    long ProducedBytes,
    long ProducedRecords,
    long FetchedBytes,
    long FetchedRecords,
    long Objects,
    long ObjectBytes,
    IReadOnlyList<StoreRequests> Requests);

/// <summary>Requests of one kind for one purpose.</summary>
/// <param name="Operation">The kind: <c>put</c>, <c>get</c>, <c>head</c>, <c>list</c>, <c>delete</c>, <c>start_upload</c>, <c>upload_part</c> or <c>complete_upload</c>.</param>
/// <param name="Requests">All that were sent, also those that failed.</param>
/// <param name="Bytes">Bytes of bodies sent or received.</param>
/// <param name="Errors">Requests that failed, by kind of error.</param>
public sealed record StoreRequests(
    string Operation,
    string Purpose,
    long Requests,
    long Bytes,
    long ConditionsFailed,
    long Unknown,
    IReadOnlyDictionary<string, long> Errors);
