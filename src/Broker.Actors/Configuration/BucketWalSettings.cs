namespace Broker.Actors.Configuration;

/// <summary>Where acknowledged records are until they are uploaded; <c>wal.kind</c>.</summary>
public enum WalKind
{
    /// <summary>In a folder of the node: an acknowledgement costs a sync, and the node's disk is part of the truth.</summary>
    Disk,

    /// <summary>In the object store: an acknowledgement costs a PUT, and a node keeps nothing of its own.</summary>
    Bucket,
}

/// <summary>The bucket WAL's bounds; the reasons for the defaults stand at <see cref="ObjectStore.Wal.BucketWalOptions"/>.</summary>
/// <param name="CapacityBytes">Records that are written and not trimmed.</param>
/// <param name="PutsInFlight">PUTs at a time.</param>
/// <param name="MaxPutsPerSecond">The budget of small PUTs; 0 = none.</param>
/// <param name="SmallPutBytes">PUTs of less keep to the budget.</param>
/// <param name="Linger">How long a batch waits at most for company.</param>
/// <param name="UploadSlots">
/// An upload starts when so many slots wait for one, and for four seconds. 200, which the budget allows in that time: whoever takes over from a dead node reads them one by one, in less than a second, and
/// the few requests of an upload are a hundredth of the slots'.
/// </param>
public sealed record BucketWalSettings(long CapacityBytes, int PutsInFlight, int MaxPutsPerSecond, long SmallPutBytes, TimeSpan Linger, int UploadSlots)
{
    /// <exception cref="SettingsException">The capacity is too small for the batches.</exception>
    public static BucketWalSettings From(BrokerSettings settings)
    {
        long capacityBytes = settings.Long("wal.bucket.capacity.bytes");

        // One batch is on its way while another waits for its trim.
        long leastBytes = 2 * settings.Long("wal.batch.max.bytes");
        return capacityBytes < leastBytes
            ? throw settings.BadValue("wal.bucket.capacity.bytes", $"at least twice wal.batch.max.bytes ({leastBytes})")
            : new BucketWalSettings(
                capacityBytes,
                settings.Int("wal.bucket.puts.in.flight"),
                settings.Int("wal.bucket.max.puts.per.second"),
                settings.Long("wal.bucket.small.put.bytes"),
                settings.Duration("wal.bucket.linger.ms"),
                settings.Int("wal.bucket.upload.slots"));
    }
}
