using System.Collections.Immutable;
using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.Compaction;

/// <summary>
/// Which objects are worth compacting, as a pure function of the metadata: uploads, which hold a little of many streams, become larger ones and objects of single
/// streams; small objects of a stream become large ones; and what is mostly garbage is rewritten, of a stream without readable records its state alone. By sizes, so that no byte is rewritten often.
/// </summary>
/// <param name="image">The metadata.</param>
/// <param name="options">Sizes and ages.</param>
/// <param name="limitsOf">What a stream's ranges may grow to.</param>
/// <param name="leftAlone">Objects that are not touched.</param>
/// <param name="nowMs">The time, in milliseconds since 1970.</param>
public sealed class CompactionPlan(MetadataImage image, CompactionOptions options, Func<StreamState, RunLimits> limitsOf, IReadOnlySet<ObjectId> leftAlone, long nowMs)
{
    /// <summary>States that are gathered at a time: each costs a GET of its object's end and of the state.</summary>
    private const int MaxDeadStreams = 1000;

    /// <summary>What to do now, all of which may be done in any order; empty when nothing is worth it.</summary>
    public IReadOnlyList<CompactionOutput> Next()
    {
        Dictionary<ObjectId, long> liveBytes = LiveBytes();
        ObjectState[] sets = [.. image.Objects.Values.Where(item => item.Kind == ObjectKind.StreamSet && IsEligible(item)).OrderBy(item => item.ObjectId)];
        HashSet<ObjectId> sources = Fewer(sets, item => liveBytes[item.ObjectId]) ?? Sparser(sets, liveBytes) ?? [];
        return sources.Count > 0 ? OutputsOf(sources) : DeadStreams() is { Count: > 0 } dead ? dead : NextOfStreams();
    }

    private static int Log(long value, int radix) => value < radix ? 0 : 1 + Log(value / radix, radix);

    private static long TimeOf(ObjectRange range, ObjectState @object) => range.Range.MaxTimestampMs >= 0 ? range.Range.MaxTimestampMs : @object.CreatedMs;

    private int Tier(long bytes) => bytes < options.SmallestBytes ? 0 : 1 + Log(bytes / options.SmallestBytes, options.FanIn);

    // Objects of another cluster's prefix are read, never replaced for their own sake: deletion is not this cluster's to decide.
    private bool IsEligible(ObjectState item) => item.Store.Length == 0 && !leftAlone.Contains(item.ObjectId) && nowMs - item.CreatedMs >= options.MinAge.TotalMilliseconds;

    private Dictionary<ObjectId, long> LiveBytes()
    {
        Dictionary<ObjectId, long> bytes = new(image.Objects.Count);
        foreach (StreamState stream in image.Streams.Values)
        {
            bool isReadable = stream.DeadRange is null;
            foreach (ObjectRange range in stream.Ranges)
            {
                bytes[range.ObjectId] = bytes.GetValueOrDefault(range.ObjectId) + (isReadable ? range.Range.SizeBytes : range.Range.StateBytes + range.Range.IndexBytes);
            }
        }

        return bytes;
    }

    /// <summary>As many of one size, the smallest first, as make one of the next; or fewer that make one as large as any may be.</summary>
    private HashSet<ObjectId>? Fewer(IReadOnlyList<ObjectState> sets, Func<ObjectState, long> bytesOf)
    {
        foreach (IGrouping<int, ObjectState> tier in sets.GroupBy(item => Tier(bytesOf(item))).OrderBy(tier => tier.Key))
        {
            long bytes = 0;
            HashSet<ObjectId> chosen = [];
            foreach (ObjectState item in tier.Where(item => bytesOf(item) <= options.MaxObjectBytes / 2))
            {
                if (chosen.Count == options.FanIn || bytes + bytesOf(item) > options.MaxObjectBytes)
                {
                    break;
                }

                bytes += bytesOf(item);
                chosen.Add(item.ObjectId);
            }

            if (IsWorthIt(chosen.Count, bytes, options.MaxObjectBytes))
            {
                return chosen;
            }
        }

        return null;
    }

    // What is larger than half of the most that it may be stays as it is: so this never makes it grow by little.
    private bool IsWorthIt(int count, long bytes, long mostBytes) => count >= options.FanIn || (count > 1 && bytes > mostBytes / 2);

    private HashSet<ObjectId>? Sparser(IReadOnlyList<ObjectState> sets, Dictionary<ObjectId, long> liveBytes)
    {
        ObjectState[] sparse = [.. sets.Where(item => liveBytes[item.ObjectId] < item.SizeBytes / 2).Take(options.FanIn)];
        return sparse.Sum(item => item.SizeBytes - liveBytes[item.ObjectId]) >= options.DeadBytes ? [.. sparse.Select(item => item.ObjectId)] : null;
    }

    /// <summary>One object of the states of streams whose own objects hold nothing else that counts, once that frees enough.</summary>
    private List<CompactionOutput> DeadStreams()
    {
        // The largest first: else a thousand that are not worth it would stand before one that is.
        StreamRun[] runs =
        [
            .. image.Streams.Values
                .Where(stream => stream.DeadRange is { Range.SizeBytes: > 0 } dead && image.Objects[dead.ObjectId] is { Kind: ObjectKind.Stream } item && IsEligible(item))
                .OrderByDescending(stream => stream.DeadRange!.Range.SizeBytes)
                .ThenBy(stream => stream.StreamId)
                .Take(MaxDeadStreams)
                .OrderBy(stream => stream.StreamId)
                .Select(stream => new StreamRun(stream.StreamId, [stream.DeadRange!], KeepsRecords: false)),
        ];
        long bytes = runs.Sum(run => run.Ranges[0].Range.SizeBytes);
        return bytes >= options.DeadBytes ? [Output(ObjectKind.StreamSet, runs)] : [];
    }

    private List<CompactionOutput> OutputsOf(HashSet<ObjectId> sources)
    {
        List<CompactionOutput> outputs = [];
        List<StreamRun> shared = [];
        foreach (StreamState stream in image.Streams.Values.OrderBy(stream => stream.StreamId))
        {
            foreach (StreamRun run in Runs(stream, sources.Contains))
            {
                if (run.SizeBytes >= options.StreamObjectBytes)
                {
                    outputs.Add(Output(ObjectKind.Stream, [run]));
                }
                else
                {
                    shared.Add(run);
                }
            }
        }

        if (shared.Count > 0)
        {
            outputs.Add(Output(ObjectKind.StreamSet, shared));
        }

        return outputs;
    }

    private CompactionOutput Output(ObjectKind kind, IReadOnlyList<StreamRun> runs)
    {
        IEnumerable<ObjectId> ids = runs.SelectMany(run => run.Ranges).Select(range => range.ObjectId).Distinct().Order();
        return new CompactionOutput(kind, runs, [.. ids.Select(id => image.Objects[id])]);
    }

    /// <summary>The neighbouring ranges of a stream in certain objects, cut where they would grow beyond the stream's limits.</summary>
    private IEnumerable<StreamRun> Runs(StreamState stream, Predicate<ObjectId> isIn)
    {
        if (stream.DeadRange is { } dead)
        {
            if (isIn(dead.ObjectId))
            {
                yield return new StreamRun(stream.StreamId, [dead], KeepsRecords: false);
            }

            yield break;
        }

        RunLimits limits = limitsOf(stream);
        List<ObjectRange> run = [];
        long bytes = 0;
        foreach (ObjectRange range in stream.Ranges)
        {
            bool fits = isIn(range.ObjectId) && (run.Count == 0 || (bytes + range.Range.SizeBytes <= limits.MaxBytes && Span(run[0], range) <= limits.MaxSpan));
            if (!fits && run.Count > 0)
            {
                yield return new StreamRun(stream.StreamId, run);
                (run, bytes) = ([], 0);
            }

            if (isIn(range.ObjectId))
            {
                run.Add(range);
                bytes += range.Range.SizeBytes;
            }
        }

        if (run.Count > 0)
        {
            yield return new StreamRun(stream.StreamId, run);
        }
    }

    private TimeSpan Span(ObjectRange first, ObjectRange last) =>
        TimeSpan.FromMilliseconds(Math.Abs(TimeOf(last, image.Objects[last.ObjectId]) - TimeOf(first, image.Objects[first.ObjectId])));

    /// <summary>The first stream, by id, with enough neighbouring objects of one size.</summary>
    private IReadOnlyList<CompactionOutput> NextOfStreams()
    {
        foreach (StreamState stream in image.Streams.Values.OrderBy(stream => stream.StreamId))
        {
            if (stream.Ranges.Count > 1 && FirstOfOneTier(stream) is { } run)
            {
                return [Output(ObjectKind.Stream, [run])];
            }
        }

        return [];
    }

    private StreamRun? FirstOfOneTier(StreamState stream)
    {
        RunLimits limits = limitsOf(stream);
        long mostBytes = Math.Min(limits.MaxBytes, options.MaxObjectBytes);
        ImmutableList<ObjectRange> ranges = stream.Ranges;
        for (int from = 0; from < ranges.Count; from++)
        {
            int to = from;
            long bytes = 0;
            while (to < ranges.Count && to - from < options.FanIn && Belongs(ranges[from], ranges[to], mostBytes / 2, limits.MaxSpan) && bytes + ranges[to].Range.SizeBytes <= mostBytes)
            {
                bytes += ranges[to++].Range.SizeBytes;
            }

            if (IsWorthIt(to - from, bytes, mostBytes))
            {
                return new StreamRun(stream.StreamId, ranges.GetRange(from, to - from));
            }
        }

        return null;
    }

    private bool Belongs(ObjectRange first, ObjectRange next, long mostBytes, TimeSpan maxSpan) =>
        image.Objects[next.ObjectId] is { Kind: ObjectKind.Stream } item
        && IsEligible(item)
        && next.Range.SizeBytes <= mostBytes
        && Tier(next.Range.SizeBytes) == Tier(first.Range.SizeBytes)
        && Span(first, next) <= maxSpan;
}
