namespace Broker.Actors.Inspection;

/// <summary>Objects with records: what <c>broker object list</c> prints.</summary>
/// <param name="Count">Of all that were asked for.</param>
/// <param name="Bytes">Of all that were asked for.</param>
/// <param name="Objects">The newest of them, that first.</param>
public sealed record ObjectsReport(int Count, long Bytes, IReadOnlyList<ObjectSummary> Objects);

/// <summary>An object.</summary>
/// <param name="Kind"><c>set</c>: an upload, of many partitions; <c>stream</c>: of one partition.</param>
/// <param name="Created">When it was uploaded.</param>
/// <param name="Ranges">How many ranges of partitions lie in it.</param>
public sealed record ObjectSummary(long Id, string Key, string Kind, long SizeBytes, DateTimeOffset Created, int Ranges);

/// <summary>An object and what lies in it: what <c>broker object show</c> prints.</summary>
/// <param name="Kind">As in a list; "" = unknown by now.</param>
/// <param name="Created">Null: unknown by now.</param>
/// <param name="DeletableSince">Since when nothing refers to it: it is deleted before long. Null: something does.</param>
/// <param name="Ranges">By topic and partition.</param>
public sealed record ObjectReport(
    long Id, string Key, string Kind, long SizeBytes, DateTimeOffset? Created, DateTimeOffset? DeletableSince, IReadOnlyList<RangeReport> Ranges);

/// <summary>A part of a partition in an object.</summary>
/// <param name="EndOffset">The offset after the last.</param>
/// <param name="Bytes">Of its records.</param>
/// <param name="Epoch">Of the leader that committed it.</param>
/// <param name="MaxTimestampMs">The greatest of its records' timestamps, in milliseconds since 1970 by their producers; -1 = they have none.</param>
public sealed record RangeReport(string Topic, int Partition, long Stream, long BaseOffset, long EndOffset, long Bytes, int Epoch, long MaxTimestampMs);
