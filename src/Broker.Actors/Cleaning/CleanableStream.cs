using Broker.Actors.Configuration;
using Broker.ObjectStore;

namespace Broker.Actors.Cleaning;

/// <summary>What decides whether a partition's log is cleaned.</summary>
/// <param name="Start">The first offset that readers may see.</param>
/// <param name="CleanedEnd">The end of the last cleaning: what lies before holds each key once; the start when there was none.</param>
/// <param name="Ranges">What is in the object store, contiguous, in the order of offsets.</param>
/// <param name="Config">Its topic's.</param>
internal sealed record CleanableStream(StreamId Stream, Offset Start, Offset CleanedEnd, IReadOnlyList<CleanableRange> Ranges, TopicConfig Config);

/// <summary>A part of a log that is stored together.</summary>
/// <param name="EndOffset">The offset after its last.</param>
/// <param name="NewestMs">The greatest timestamp of its records, in milliseconds since 1970; when they have none, the time of their upload.</param>
internal readonly record struct CleanableRange(Offset BaseOffset, Offset EndOffset, long SizeBytes, long NewestMs);

/// <summary>A cleaning that is due: the log from <paramref name="Start"/> to <paramref name="End"/>.</summary>
/// <param name="DirtyStart">Where the keys to look for begin: what lies before was cleaned.</param>
/// <param name="DirtyRatio">Bytes that were not cleaned, of all that is to be cleaned; above 0, at most 1.</param>
/// <param name="IsOverdue">Whether <c>max.compaction.lag.ms</c> asks for it, whatever the ratio.</param>
internal sealed record DueCleaning(StreamId Stream, Offset Start, Offset DirtyStart, Offset End, double DirtyRatio, bool IsOverdue);
