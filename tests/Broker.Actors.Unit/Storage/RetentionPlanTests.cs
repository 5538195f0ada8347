using System.Collections.Immutable;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Unit.Storage;

/// <summary>What may go by age and size.</summary>
public sealed class RetentionPlanTests
{
    private const long NowMs = 10_000_000;
    private static readonly StreamId Stream = new(0);
    private static readonly Guid Topic = Guid.Parse("00000000-0000-0000-0000-000000000001");

    [Fact]
    public void Ranges_older_than_retention_ms_go_up_to_the_first_that_is_not()
    {
        MetadataImage image = Image(("retention.ms", "1000"), [(NowMs - 3000, 10), (NowMs - 1001, 10), (NowMs - 1000, 10), (NowMs - 5000, 10)]);

        Assert.Equal(20, NewStart(image));
    }

    [Fact]
    public void Ranges_beyond_retention_bytes_go_as_long_as_enough_is_left()
    {
        MetadataImage image = Image(("retention.bytes", "25"), [(NowMs, 10), (NowMs, 10), (NowMs, 10), (NowMs, 10)]);

        Assert.Equal(10, NewStart(image));
    }

    [Fact]
    public void Everything_stays_without_bounds()
    {
        MetadataImage image = Image(("retention.ms", "-1"), [(0, 10), (NowMs, 10)]);

        Assert.Null(NewStart(image));
    }

    [Fact]
    public void Compacted_topic_keeps_everything()
    {
        MetadataImage image = Image(("cleanup.policy", "compact"), [(0, 10)]);

        Assert.Null(NewStart(image));
    }

    // As in Kafka, records without a timestamp age from when they were written.
    [Fact]
    public void Records_without_a_timestamp_age_from_their_upload()
    {
        MetadataImage image = Image(("retention.ms", "1000"), [(-1, 10)], createdMs: NowMs - 500);

        Assert.Null(NewStart(image));
        Assert.Equal(10, NewStart(image, NowMs + 1000));
    }

    [Fact]
    public void Objects_are_deleted_only_when_nothing_has_referred_to_them_for_the_delay()
    {
        MetadataImage image = Image(("retention.ms", "1000"), [(0, 10)])
            .Apply(new MetadataBatch(NowMs, [new StreamTrimmed(Stream, new Offset(10))]), 1);

        Assert.Empty(RetentionPlan.Deletions(image, TimeSpan.FromSeconds(60), NowMs + 59_999));
        Assert.Single(RetentionPlan.Deletions(image, TimeSpan.FromSeconds(60), NowMs + 60_000));
    }

    private static long? NewStart(MetadataImage image, long nowMs = NowMs) =>
        RetentionPlan.Trims(image, TestOptions.Settings(), nowMs).SingleOrDefault()?.NewStart.Value;

    private static MetadataImage Image((string Name, string Value) config, (long TimestampMs, long Bytes)[] ranges, long createdMs = 0)
    {
        List<MetadataEvent> events =
        [
            new TopicCreated(Topic, "t", [Stream], new Dictionary<string, string> { [config.Name] = config.Value }, false),
            new StreamOpened(Stream, new NodeId(1), new LeaderEpoch(0), Offset.Zero),
            new ObjectIdBlockAllocated(new NodeId(1), 0, 100),
        ];
        for (int i = 0; i < ranges.Length; i++)
        {
            StreamRange range = new(Stream, new LeaderEpoch(0), new Offset(i * 10), new Offset((i + 1) * 10), ranges[i].TimestampMs, ranges[i].Bytes, 0, 10, 0, 0);
            events.Add(new ObjectCommitted(new ObjectId(i), new ObjectKey($"data/{i}"), ObjectKind.StreamSet, 100, createdMs, ImmutableArray.Create(range)));
        }

        return MetadataImage.Empty.Apply(new MetadataBatch(createdMs, events), 0);
    }
}
