namespace Broker.ObjectStore.StreamObjects;

/// <summary>Where a stream's section is: what a reader needs, from the metadata (or from <see cref="StreamObjectReader.OpenAsync"/>).</summary>
/// <param name="Object">The object.</param>
/// <param name="Stream">The stream; checked against the section.</param>
/// <param name="IndexPosition">Where the section's index begins in the object.</param>
/// <param name="IndexBytes">How long the index is.</param>
public readonly record struct SectionLocation(ObjectKey Object, StreamId Stream, long IndexPosition, int IndexBytes);
