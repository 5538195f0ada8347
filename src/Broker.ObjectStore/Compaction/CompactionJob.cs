using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.Compaction;

/// <summary>Neighbouring ranges of a stream that become one.</summary>
/// <param name="Stream">Whose.</param>
/// <param name="Ranges">At least one.</param>
/// <param name="KeepsRecords">False: only the state stays, for nobody may read the records any more.</param>
public sealed record StreamRun(StreamId Stream, IReadOnlyList<ObjectRange> Ranges, bool KeepsRecords = true)
{
    public Offset BaseOffset => Ranges[0].BaseOffset;

    public Offset EndOffset => Ranges[^1].EndOffset;

    /// <summary>Bytes of records that stay.</summary>
    public long SizeBytes { get; } = KeepsRecords ? Ranges.Sum(range => range.Range.SizeBytes) : 0;
}

/// <summary>An object to be made.</summary>
/// <param name="Kind">What it will hold.</param>
/// <param name="Runs">In the order of streams, then offsets. At least one.</param>
/// <param name="Sources">Where their ranges lie, in the order of ids.</param>
public sealed record CompactionOutput(ObjectKind Kind, IReadOnlyList<StreamRun> Runs, IReadOnlyList<ObjectState> Sources)
{
    /// <summary>Bytes of records.</summary>
    public long SizeBytes { get; } = Runs.Sum(run => run.SizeBytes);
}
