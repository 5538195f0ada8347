namespace Broker.ObjectStore.Metadata;

/// <summary>Which objects of a store are nobody's.</summary>
public static class Orphans
{
    /// <summary>
    /// The listed data objects that can be deleted because nothing refers to them and nothing ever will: their ids are closed (<see cref="ObjectIdsClosed"/>), and the
    /// metadata neither use them nor hold them for deletion.
    /// </summary>
    /// <param name="listed">Keys of data objects, and maybe others, which are left alone.</param>
    /// <param name="image">Metadata as they were after the listing had ended.</param>
    public static IReadOnlyList<ObjectKey> Among(IEnumerable<ObjectKey> listed, MetadataImage image) =>
        [.. listed.Where(key => DataKeys.TryParse(key, out ObjectId id) && id < image.ClosedObjectIds && !image.Objects.ContainsKey(id) && !image.DeletableObjects.ContainsKey(id))];

    /// <summary>Whether the object of this key can no longer come into use by an upload in parts that is not completed: its id is closed.</summary>
    public static bool IsAbandoned(ObjectKey key, MetadataImage image) => DataKeys.TryParse(key, out ObjectId id) && id < image.ClosedObjectIds;
}
