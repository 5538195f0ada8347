using Broker.Actors.Coordination;
using Broker.Actors.Inspection;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;

namespace Broker.Actors.Unit.Inspection;

/// <summary>Which write-ahead logs operators are told of, and who waits for them.</summary>
public sealed class WalInspectionTests
{
    private static readonly Guid Topic = new(1, 0, 0, new byte[8]);
    private static readonly NodeId First = new(1);
    private static readonly NodeId Second = new(2);
    private static readonly WalId FirstWal = new(new Guid(1, 1, 1, new byte[8]));
    private static readonly WalId SecondWal = new(new Guid(2, 2, 2, new byte[8]));
    private static readonly StreamId Stream = new(0);

    private static readonly MetadataEvent[] LedByFirst =
    [
        new ClusterCreated("c"),
        new TopicCreated(Topic, "t", [Stream, new StreamId(1)], new Dictionary<string, string>(), IsInternal: false),
        new WalAttached(FirstWal, First, "host", "bucket:wal/1"),
        new NodeRegistered(First, 1, new NodePlace("first:1", "", [])),
        new WalAttached(SecondWal, Second, "host", "bucket:wal/2"),
        new NodeRegistered(Second, 1, new NodePlace("second:1", "", [])),
        new StreamOpened(Stream, First, new LeaderEpoch(0), Offset.Zero, FirstWal),
    ];

    [Fact]
    public void Log_of_a_node_that_lives_is_written_by_what_it_leads_and_nobody_waits_for_it()
    {
        IReadOnlyList<WalReport> wals = Inspect(LedByFirst).Wals().Wals;

        Assert.Equal([(FirstWal.ToString(), 1, 0, false), (SecondWal.ToString(), 0, 0, false)], wals.Select(wal => (wal.Id, wal.Written, wal.Waiting, wal.Fenced)));
    }

    [Fact]
    public void Log_of_a_node_that_is_gone_is_waited_for_by_what_it_led()
    {
        IReadOnlyList<WalReport> wals = Inspect([.. LedByFirst, new WalFenced(FirstWal)]).Wals().Wals;

        Assert.Equal((true, 0, 1, "t-0"), (wals[0].Fenced, wals[0].Written, wals[0].Waiting, Assert.Single(wals[0].WaitingPartitions)));
    }

    // As one on a disk that cannot be reached.
    [Fact]
    public void Log_of_a_node_that_is_gone_is_waited_for_before_it_is_fenced()
    {
        IReadOnlyList<WalReport> wals = Inspect([.. LedByFirst, new NodeLeft(First, 1)]).Wals().Wals;

        Assert.Equal((false, 0, 1, "t-0"), (wals[0].Fenced, wals[0].Written, wals[0].Waiting, Assert.Single(wals[0].WaitingPartitions)));
    }

    [Fact]
    public void Log_of_a_node_that_is_gone_is_waited_for_until_the_next_leader_has_uploaded_what_it_holds()
    {
        IReadOnlyList<WalReport> wals = Inspect([.. LedByFirst, new WalFenced(FirstWal), new StreamOpened(Stream, Second, new LeaderEpoch(1), new Offset(5), SecondWal)]).Wals().Wals;

        Assert.Equal([(0, 1), (1, 0)], wals.Select(wal => (wal.Written, wal.Waiting)));
    }

    [Fact]
    public void Only_some_of_many_that_wait_are_named_and_all_are_counted()
    {
        StreamId[] streams = [.. Enumerable.Range(0, 150).Select(number => new StreamId(number))];
        MetadataInspection inspection = Inspect(
        [
            new ClusterCreated("c"),
            new TopicCreated(Topic, "t", streams, new Dictionary<string, string>(), IsInternal: false),
            new WalAttached(FirstWal, First, "host", "bucket:wal/1"),
            .. streams.Select(stream => new StreamOpened(stream, First, new LeaderEpoch(0), Offset.Zero, FirstWal)),
            new WalFenced(FirstWal),
        ]);

        WalReport wal = Assert.Single(inspection.Wals().Wals);

        Assert.Equal((150, 100, "t-99"), (wal.Waiting, wal.WaitingPartitions.Count, wal.WaitingPartitions[^1]));
        Assert.Equal((150, 150, 1, 1), (inspection.Show().Partitions, inspection.Show().LeaderlessPartitions, inspection.Show().Wals, inspection.Show().FencedWals));
    }

    private static MetadataInspection Inspect(IReadOnlyList<MetadataEvent> events)
    {
        MetadataImage image = MetadataImage.Empty.Apply(new MetadataBatch(1_000, events), 0);
        return new MetadataInspection(new MetadataView(image), First, () => null, () => PartitionBalance.Orphans(image).Count());
    }
}
