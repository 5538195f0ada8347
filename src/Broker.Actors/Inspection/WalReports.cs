namespace Broker.Actors.Inspection;

/// <summary>Write-ahead logs that may hold what is not uploaded: what <c>broker wal list</c> prints.</summary>
public sealed record WalsReport(IReadOnlyList<WalReport> Wals);

/// <summary>A write-ahead log.</summary>
/// <param name="Id">Given when it was made.</param>
/// <param name="NodeId">Whose it is.</param>
/// <param name="Host">The machine on which it was last used.</param>
/// <param name="Path">Its folder there, or <c>bucket:</c> and its prefix in the object store.</param>
/// <param name="Since">When its node last started with it.</param>
/// <param name="Fenced">Nobody can append to it any more: its node is gone.</param>
/// <param name="Written">Partitions that are written to it now.</param>
/// <param name="Waiting">Partitions of which it may hold records that another leader has yet to read, or to upload.</param>
/// <param name="WaitingPartitions">The first of these, as <c>TOPIC-PARTITION</c>.</param>
public sealed record WalReport(
    string Id, int NodeId, string Host, string Path, DateTimeOffset Since, bool Fenced, int Written, int Waiting, IReadOnlyList<string> WaitingPartitions);
