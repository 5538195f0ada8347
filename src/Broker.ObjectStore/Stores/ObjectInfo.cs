namespace Broker.ObjectStore;

/// <summary>What a store says about an object without its bytes.</summary>
/// <param name="Key">Its name.</param>
/// <param name="SizeBytes">The length of its body.</param>
/// <param name="ETag">Names this content of the object; changes with each write that changes the body.</param>
/// <param name="LastModified">When it was written, by the store's clock.</param>
/// <param name="WriteId">
/// The id its writer left (<see cref="PutCondition.WithWriteId"/>); null when it left none, and always null in listings, which S3
/// answers without metadata.
/// </param>
public sealed record ObjectInfo(ObjectKey Key, long SizeBytes, string ETag, DateTimeOffset LastModified, Guid? WriteId);
