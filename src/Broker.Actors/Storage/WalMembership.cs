using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Storage;

/// <summary>
/// Keeps a write-ahead log on disk with its own cluster. To another one its records are strangers: they would be dropped as uploaded, or take the offsets
/// of acknowledged ones.
/// </summary>
/// <param name="Own">The log.</param>
/// <param name="Folder">Where it is.</param>
/// <param name="Store">The object store, in the words of <c>object.store</c>.</param>
/// <param name="ClusterId">The cluster that the folder names; null: none, for it is new, or an older build's.</param>
/// <param name="MayHoldRecords">Whether anything was ever appended to it, as far as can be told without reading it.</param>
internal sealed record WalMembership(WalId Own, string Folder, string Store, string? ClusterId, bool MayHoldRecords)
{
    /// <summary>Looks whether the log may be used with the cluster whose metadata these are; the empty image: there is none yet.</summary>
    /// <exception cref="StorageException">Invalid: it may not. The message says what to do.</exception>
    public void Check(MetadataImage image)
    {
        string found = image.ClusterId.Length == 0 ? "holds no cluster" : $"holds cluster {image.ClusterId}";
        if (ClusterId is not null && ClusterId != image.ClusterId)
        {
            throw Refusal(
                $"the write-ahead log in '{Folder}' belongs to cluster {ClusterId}, but '{Store}' (object.store) {found}",
                $"Set object.store to where cluster {ClusterId} is. Or, to start anew without what only this log may hold, remove the folder '{Folder}'");
        }

        if (ClusterId is null && MayHoldRecords && !image.Wals.ContainsKey(Own))
        {
            throw Refusal(
                $"the write-ahead log in '{Folder}' ({Own}) holds records and does not say of which cluster, and '{Store}' (object.store) {found}, which does not know the log",
                $"Set object.store to the store that it was last used with. If it is this one, everything was uploaded before the log's last stop: then remove the folder '{Folder}'");
        }
    }

    private static StorageException Refusal(string problem, string remedy) => new(StorageErrorKind.Invalid, $"{problem}. Nothing was changed. {remedy}");
}
