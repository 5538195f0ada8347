using System.Globalization;
using Broker.ObjectStore.Metadata;
using Broker.Simulation.Store;
using Broker.TestSupport.Storage;

namespace Broker.Simulation.Model;

/// <summary>
/// Holds the store against the metadata:
///
/// S1. Nothing is missing: every object that the metadata refer to is in the store, at its size.
/// S2. Nothing is leaked: every data object in the store is referred to, or waits for its deletion, and not for longer than it has to; every record of a write-ahead log is one of an attached log.
/// S3. The metadata log is bounded: what lies before the last snapshot but one is trimmed, and what comes after the last gets one, but for what each start may have cut off; as many snapshots are left.
/// </summary>
internal sealed class StoreAudit(InMemoryObjectStore bucket, StoreWeather weather, int snapshotEveryCommits)
{
    private const string DataPrefix = "data/";

    // Deletions are tried at each check of retention; a few of those may fail.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // A snapshot is written beside the commits, which go on meanwhile.
    private const int CommitsUnderWay = 60;

    private readonly HashSet<string> _everKnown = [];
    private MetadataImage? _last;

    /// <summary>Objects whose PUT took effect so late that the last search for orphans had been there before; the next one finds them.</summary>
    public int Latecomers { get; private set; }

    /// <summary>The metadata as they are now: what was in them once is not an orphan later.</summary>
    public void Observe(MetadataImage image)
    {
        if (!ReferenceEquals(image, _last))
        {
            _last = image;
            _everKnown.UnionWith(image.Objects.Values.Select(one => one.Key.Value));
            _everKnown.UnionWith(image.DeletableObjects.Values.Select(one => one.Key.Value));
        }
    }

    /// <summary>Judges a store at rest.</summary>
    public void Check(MetadataImage image, DateTimeOffset now, TimeSpan deleteDelay, int starts)
    {
        Observe(image);
        HashSet<string> inStore = [.. bucket.Keys.Where(key => key.StartsWith(DataPrefix, StringComparison.Ordinal))];
        foreach (ObjectState state in image.Objects.Values)
        {
            if (!inStore.Contains(state.Key.Value) || bucket.Read(state.Key.Value).Length != state.SizeBytes)
            {
                throw new ViolationException($"S1: {state.Key} is not in the store as the metadata have it");
            }
        }

        HashSet<string> referred = [.. image.Objects.Values.Select(one => one.Key.Value), .. image.DeletableObjects.Values.Select(one => one.Key.Value)];
        foreach (string key in inStore.Except(referred))
        {
            if (!weather.IsLatecomer(key))
            {
                throw new ViolationException(_everKnown.Contains(key)
                    ? $"S2: {key} is in the store, and the metadata have forgotten it"
                    : $"S2: {key} is in the store, and never was in the metadata");
            }

            Latecomers++;
        }

        CheckWals(image);
        CheckMetadata(2 + starts);
        foreach (DeletableObject waiting in image.DeletableObjects.Values)
        {
            if (now - DateTimeOffset.FromUnixTimeMilliseconds(waiting.SinceMs) > deleteDelay + Patience)
            {
                throw new ViolationException($"S2: {waiting.Key} may be deleted since {now - DateTimeOffset.FromUnixTimeMilliseconds(waiting.SinceMs)}, and is not");
            }
        }
    }

    private void CheckWals(MetadataImage image)
    {
        HashSet<string> attached = [.. image.Wals.Values.Select(wal => $"{wal.Path.Replace("bucket:", "", StringComparison.Ordinal)}/")];
        foreach (string key in bucket.Keys.Where(key => key.StartsWith("wal/", StringComparison.Ordinal) && !key.EndsWith("/boundary", StringComparison.Ordinal)))
        {
            // A fence has a header and nothing else, and stays for ever.
            if (bucket.Read(key).Length > 48 && !attached.Any(log => key.StartsWith(log, StringComparison.Ordinal)) && !weather.LateWrites.Contains(key))
            {
                throw new ViolationException($"S2: {key} has records of a log that nobody will open again");
            }
        }
    }

    private IEnumerable<long> Slots(string prefix) => bucket.Keys
        .Where(key => key.StartsWith(prefix, StringComparison.Ordinal) && !key.EndsWith("/boundary", StringComparison.Ordinal))
        .Select(key => long.Parse(key.AsSpan(prefix.Length), CultureInfo.InvariantCulture));

    private void CheckMetadata(int maxSnapshots)
    {
        long[] commits = [.. Slots("meta/log/").Where(slot => bucket.Read($"meta/log/{slot:D19}").Length > 48)];
        long[] snapshots = [.. Slots("meta/snapshot/").Order()];
        int excess = (maxSnapshots * snapshotEveryCommits) + CommitsUnderWay;

        // Between the last two there are as many as a store that hung did not let a snapshot be made of.
        int trimmable = snapshots.Length < 2 ? 0 : commits.Count(slot => slot <= snapshots[^2]);
        int since = commits.Count(slot => slot > snapshots.LastOrDefault(-1));
        if (trimmable > excess || since > excess || snapshots.Length > maxSnapshots)
        {
            throw new ViolationException($"S3: there are {snapshots.Length} snapshots of the metadata, {trimmable} commits before the last but one and {since} after the last, with a snapshot every {snapshotEveryCommits} commits");
        }
    }
}
