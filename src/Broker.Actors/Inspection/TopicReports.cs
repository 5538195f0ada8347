namespace Broker.Actors.Inspection;

/// <summary>All topics: what <c>broker topic list</c> prints.</summary>
/// <param name="Topics">By name.</param>
public sealed record TopicsReport(IReadOnlyList<TopicSummary> Topics);

/// <summary>A topic as far as it is uploaded.</summary>
/// <param name="Internal">It is the broker's own.</param>
/// <param name="Offsets">Of all partitions, from start to uploaded end; records, where none was cleaned out.</param>
/// <param name="Bytes">Of their records in objects.</param>
/// <param name="Objects">How many objects hold some.</param>
public sealed record TopicSummary(string Name, Guid TopicId, bool Internal, int Partitions, long Offsets, long Bytes, int Objects);

/// <summary>A topic and its partitions: what <c>broker topic describe</c> prints.</summary>
/// <param name="Configs">Those that differ from the broker's defaults.</param>
public sealed record TopicReport(string Name, Guid TopicId, bool Internal, IReadOnlyDictionary<string, string> Configs, IReadOnlyList<PartitionReport> Partitions);

/// <summary>A partition.</summary>
/// <param name="Leader">-1 = nobody.</param>
/// <param name="Epoch">Counts its leaders; -1 = it had none.</param>
/// <param name="StartOffset">The first that readers may see.</param>
/// <param name="UploadedEnd">The offset after the last that is in an object.</param>
/// <param name="HighWatermark">The offset after the last that is acknowledged; null: another node leads the partition, or it did not say.</param>
/// <param name="Bytes">Of its records in objects.</param>
/// <param name="Objects">How many objects hold some.</param>
/// <param name="Wal">Where its leader writes until it is uploaded; "" = nowhere.</param>
/// <param name="PendingWals">Logs of earlier leaders that may hold records of it which are not uploaded.</param>
public sealed record PartitionReport(
    int Partition, long Stream, int Leader, int Epoch, long StartOffset, long UploadedEnd, long? HighWatermark, long Bytes, int Objects, string Wal, IReadOnlyList<string> PendingWals);
