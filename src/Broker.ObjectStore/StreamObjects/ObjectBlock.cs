using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.StreamObjects;

/// <summary>What a section's index says of a block.</summary>
/// <param name="BaseOffset">Its first offset.</param>
/// <param name="LastOffset">Its last offset, inclusive.</param>
/// <param name="MaxTimestampMs">The largest record timestamp in it, milliseconds since the Unix epoch, or -1.</param>
/// <param name="SizeBytes">Its length.</param>
public readonly record struct BlockInfo(Offset BaseOffset, Offset LastOffset, long MaxTimestampMs, int SizeBytes);

/// <summary>A block: whole batches, one behind the other. The bytes are shared with the cache and immutable, and valid until the result that they came with is disposed.</summary>
public readonly record struct ObjectBlock(BlockInfo Info, ReadOnlyMemory<byte> Data);

/// <summary>What an object says of itself.</summary>
public sealed record StreamObjectInfo(ObjectKind Kind, long SizeBytes, IReadOnlyList<StreamRange> Sections);
