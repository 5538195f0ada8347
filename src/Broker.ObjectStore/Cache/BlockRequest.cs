namespace Broker.ObjectStore.Cache;

/// <summary>A block that is asked of the <see cref="BlockCache"/>, and how long it is.</summary>
public readonly record struct BlockRequest(BlockKey Key, int SizeBytes);
