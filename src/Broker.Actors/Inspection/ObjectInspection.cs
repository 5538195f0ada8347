using System.Globalization;
using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Inspection;

/// <summary>Objects in the store, as the metadata know them. Thread-safe.</summary>
/// <param name="metadata">What the node knows.</param>
internal sealed class ObjectInspection(MetadataView metadata)
{
    /// <summary>As many as are listed at most: some megabytes of an answer, where a cluster may have a million objects.</summary>
    public const int MostListed = 10_000;

    /// <summary>The newest objects.</summary>
    /// <param name="topic">Only those with records of it; null: all.</param>
    /// <param name="limit">How many, from 1 to <see cref="MostListed"/>.</param>
    /// <exception cref="InspectionException">There is no such topic.</exception>
    public ObjectsReport List(string? topic, int limit)
    {
        MetadataImage image = metadata.Current;
        ObjectState[] objects = topic is null ? [.. image.Objects.Values]
            : [.. TopicInspection.Find(image, topic).Partitions.SelectMany(id => image.Streams[id].Ranges).Select(range => range.ObjectId).Distinct().Select(id => image.Objects[id])];
        return new ObjectsReport(
            objects.Length,
            objects.Sum(one => one.SizeBytes),
            [.. objects.OrderByDescending(one => one.ObjectId).Take(limit).Select(Describe)]);
    }

    /// <summary>One object and what lies in it.</summary>
    /// <param name="id">Its number, alone or as in <c>object-7</c>.</param>
    /// <exception cref="InspectionException">It is no number, or of no object.</exception>
    public ObjectReport Show(string id)
    {
        const string prefix = "object-";
        ReadOnlySpan<char> digits = id.StartsWith(prefix, StringComparison.Ordinal) ? id.AsSpan(prefix.Length) : id;
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            throw new InspectionException(InspectionFailure.Invalid, $"'{id}' is no object's id: a number, as 'broker object list' prints it");
        }

        MetadataImage image = metadata.Current;
        if (image.Objects.TryGetValue(new ObjectId(number), out ObjectState? found))
        {
            return new ObjectReport(
                number, found.Key.ToString(), KindOf(found.Kind), found.SizeBytes, DateTimeOffset.FromUnixTimeMilliseconds(found.CreatedMs), DeletableSince: null, RangesOf(image, found.ObjectId));
        }

        return image.DeletableObjects.TryGetValue(new ObjectId(number), out DeletableObject? gone)
            ? new ObjectReport(number, gone.Key.ToString(), Kind: "", gone.SizeBytes, Created: null, DateTimeOffset.FromUnixTimeMilliseconds(gone.SinceMs), [])
            : throw new InspectionException(
                InspectionFailure.NotFound, number < image.NextObjectId.Value ? $"object {number} is not in the metadata any more, or was never committed" : $"there was no object {number} yet: the next one is {image.NextObjectId.Value}");
    }

    // Objects do not name their ranges: all partitions are looked through.
    private static RangeReport[] RangesOf(MetadataImage image, ObjectId id) =>
    [
        .. from stream in image.Streams.Values
           let name = MetadataInspection.NameOf(image, stream)
           from range in stream.Ranges
           where range.ObjectId == id
           orderby name.Topic, name.Partition, range.BaseOffset
           select new RangeReport(
               name.Topic,
               name.Partition,
               stream.StreamId.Value,
               range.BaseOffset.Value,
               range.EndOffset.Value,
               range.Range.SizeBytes,
               range.Range.Epoch.Value,
               range.Range.MaxTimestampMs),
    ];

    private static ObjectSummary Describe(ObjectState one) =>
        new(one.ObjectId.Value, one.Key.ToString(), KindOf(one.Kind), one.SizeBytes, DateTimeOffset.FromUnixTimeMilliseconds(one.CreatedMs), one.References);

    private static string KindOf(ObjectKind kind) => kind == ObjectKind.StreamSet ? "set" : "stream";
}
