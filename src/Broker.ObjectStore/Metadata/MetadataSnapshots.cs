using System.Buffers;
using System.Globalization;

namespace Broker.ObjectStore.Metadata;

/// <summary>
/// The snapshots of one metadata log: <c>[prefix]/[slot of the last commit in it, 19 digits]</c>. Safe for concurrent use as far as the
/// store is.
/// </summary>
internal sealed class MetadataSnapshots(IObjectStore store, string prefix)
{
    /// <summary>
    /// The newest snapshot that is sound (without one: the empty image, no position), and the fault of a newer one that is not.
    /// </summary>
    /// <exception cref="StorageException">Invalid: the newest is of a newer version.</exception>
    internal async ValueTask<(MetadataImage Image, LogPosition? Position, StorageException? Fault)> LoadNewestAsync(CancellationToken ct)
    {
        StorageException? fault = null;
        foreach (ObjectKey key in (await ListAsync(ct)).Reverse())
        {
            try
            {
                (MetadataImage image, LogPosition position) = await SecondLook.ReadAsync(async () => MetadataSnapshot.Decode(key, await store.GetAsync(key, ByteRange.All, ct)));
                return (image, position, fault);
            }
            catch (StorageException error) when (error.Kind is StorageErrorKind.Corrupt or StorageErrorKind.NotFound)
            {
                // The one before it and a longer replay give the same image.
                fault ??= error;
            }
        }

        return (MetadataImage.Empty, null, fault);
    }

    /// <summary>Writes a snapshot. That it exists already is no error: equal positions have equal images.</summary>
    internal async ValueTask WriteAsync(MetadataImage image, LogPosition position, CancellationToken ct)
    {
        ObjectKey key = Key(position);
        byte[] bytes = MetadataSnapshot.Encode(image, position);
        PutResult result = await store.PutAsync(key, new ReadOnlySequence<byte>(bytes), PutCondition.IfAbsent, ct);
        if (result.Outcome == PutOutcome.Unknown)
        {
            throw new StorageException(
                StorageErrorKind.Unavailable, $"whether the metadata snapshot '{key}' was written is unknown", result.Cause);
        }
    }

    /// <summary>Deletes all snapshots before the one of <paramref name="position"/>.</summary>
    internal async ValueTask DeleteBeforeAsync(LogPosition position, CancellationToken ct)
    {
        string first = Key(position).Value;
        foreach (ObjectKey key in await ListAsync(ct))
        {
            if (string.CompareOrdinal(key.Value, first) < 0)
            {
                await store.DeleteAsync(key, ct);
            }
        }
    }

    private ObjectKey Key(LogPosition position)
        => new($"{prefix}/{(position.NextSlot - 1).ToString("D19", CultureInfo.InvariantCulture)}");

    private async ValueTask<IEnumerable<ObjectKey>> ListAsync(CancellationToken ct)
    {
        List<ObjectKey> keys = [];
        await foreach (ObjectInfo info in store.ListAsync(prefix + "/", null, ct))
        {
            keys.Add(info.Key);
        }

        return keys;
    }
}
