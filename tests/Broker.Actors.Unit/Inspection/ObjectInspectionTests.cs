using Broker.Actors.Coordination;
using Broker.Actors.Inspection;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Unit.Inspection;

/// <summary>Which objects operators are told of.</summary>
public sealed class ObjectInspectionTests
{
    private static readonly Guid Topic = new(1, 0, 0, new byte[8]);
    private static readonly StreamId Stream = new(0);

    // A producer may write any timestamp.
    private const long Absurd = long.MaxValue;

    [Fact]
    public void Newest_objects_are_listed_and_all_are_counted()
    {
        ObjectInspection inspection = Inspect();

        ObjectsReport report = inspection.List(topic: null, limit: 2);

        Assert.Equal((3, 300L), (report.Count, report.Bytes));
        Assert.Equal([2L, 1L], report.Objects.Select(one => one.Id));
    }

    [Fact]
    public void Object_is_shown_with_what_lies_in_it_whatever_its_timestamps_are()
    {
        ObjectReport report = Inspect().Show("1");

        RangeReport range = Assert.Single(report.Ranges);
        Assert.Equal(("t", 0, 10L, 20L, Absurd), (range.Topic, range.Partition, range.BaseOffset, range.EndOffset, range.MaxTimestampMs));
        Assert.Null(report.DeletableSince);
    }

    [Fact]
    public void Object_that_nothing_refers_to_any_more_is_shown_as_deletable()
    {
        ObjectReport report = Inspect(new StreamTrimmed(Stream, new Offset(10))).Show("object-0");

        Assert.Equal(("data/0", 100L, 0), (report.Key, report.SizeBytes, report.Ranges.Count));
        Assert.NotNull(report.DeletableSince);
    }

    [Theory]
    [InlineData("7", InspectionFailure.NotFound)]
    [InlineData("99", InspectionFailure.NotFound)]
    [InlineData("-1", InspectionFailure.Invalid)]
    [InlineData("", InspectionFailure.Invalid)]
    [InlineData("99999999999999999999", InspectionFailure.Invalid)]
    public void What_is_no_object_is_refused(string id, InspectionFailure failure) =>
        Assert.Equal(failure, Assert.Throws<InspectionException>(() => Inspect().Show(id)).Failure);

    private static ObjectInspection Inspect(params MetadataEvent[] more)
    {
        IEnumerable<MetadataEvent> events =
        [
            new ClusterCreated("c"),
            new TopicCreated(Topic, "t", [Stream], new Dictionary<string, string>(), IsInternal: false),
            new StreamOpened(Stream, new NodeId(1), new LeaderEpoch(0), Offset.Zero),
            new ObjectIdBlockAllocated(new NodeId(1), 0, 10),
            .. Enumerable.Range(0, 3).Select(number => new ObjectCommitted(
                new ObjectId(number),
                new ObjectKey($"data/{number}"),
                ObjectKind.StreamSet,
                100,
                42,
                [new StreamRange(Stream, new LeaderEpoch(0), new Offset(10 * number), new Offset(10 * (number + 1)), Absurd, 90, 0, 1, 0, 0)])),
            .. more,
        ];
        return new ObjectInspection(new MetadataView(MetadataImage.Empty.Apply(new MetadataBatch(1_000, [.. events]), 0)));
    }
}
