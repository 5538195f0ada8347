using Broker.ObjectStore.Compaction;

namespace Broker.Actors.Configuration;

/// <summary>What becomes of uploaded objects: merged into larger ones, and looked after.</summary>
/// <param name="Enabled"><c>compaction.enable</c>. Off, objects stay as they were uploaded, and compacted topics keep every record.</param>
/// <param name="Interval">How often the metadata are looked at when nothing was worth compacting. 30 s: a glance at memory, and no request.</param>
/// <param name="MaxBytesPerSecond">
/// Bytes read and written together; 0 = no bound. 64 MiB/s rewrites what some 20 MiB/s of producers bring, at a fraction of what a small node's network takes.
/// </param>
/// <param name="OrphanInterval">
/// How often objects that the metadata do not know are looked for, if there may be any; and how old they are at least when they are deleted. 1 h: a crash leaves few.
/// </param>
/// <param name="Options">Sizes and ages.</param>
public sealed record CompactionSettings(bool Enabled, TimeSpan Interval, long MaxBytesPerSecond, TimeSpan OrphanInterval, CompactionOptions Options)
{
    public static CompactionSettings From(BrokerSettings settings) => new(
        settings.Boolean("compaction.enable"),
        settings.Duration("compaction.interval.ms"),
        settings.Long("compaction.max.bytes.per.second"),
        settings.Duration("object.store.orphan.check.interval.ms"),
        new CompactionOptions
        {
            MinAge = settings.Duration("compaction.min.age.ms"),
            MaxObjectBytes = settings.Long("compaction.object.max.bytes"),
        });
}
