using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.Unit.MetadataLogs;

public sealed class CompactionRulesTests
{
    private static readonly StreamId One = new(1);
    private static readonly StreamId Two = new(2);

    private MetadataImage _image = MetadataImage.Empty;

    public CompactionRulesTests()
    {
        Commit(new TopicCreated(Guid.NewGuid(), "orders", [One, Two], new Dictionary<string, string>(), false));
        Commit(new StreamOpened(One, new NodeId(1), new LeaderEpoch(0), Offset.Zero), new StreamOpened(Two, new NodeId(1), new LeaderEpoch(0), Offset.Zero));
        for (int i = 0; i < 4; i++)
        {
            Commit(Object(i, (One, i * 10, (i * 10) + 10), (Two, i, i + 1)));
        }
    }

    [Fact]
    public void Compaction_takes_the_place_of_neighbouring_ranges_and_frees_objects_that_nobody_else_needs()
    {
        Commit(Compacted(10, [1, 2], (One, 10, 30)));
        Assert.Equal([0L, 10, 3], Objects(One));
        Assert.Equal([0L, 1, 2, 3], Objects(Two));
        Assert.Equal(new ObjectId(10), _image.FindRange(One, new Offset(25))!.Value.Object.ObjectId);
        Assert.Equal(1, _image.Objects[new ObjectId(1)].References);
        Assert.Empty(_image.DeletableObjects);

        Commit(Compacted(11, [0, 1, 2, 3], (Two, 0, 4)));
        Assert.Equal([1L, 2], _image.DeletableObjects.Keys.Select(id => id.Value));
        Assert.Equal(new Offset(40), _image.FindStream(One)!.EndOffset);
    }

    [Fact]
    public void Compaction_of_what_changed_meanwhile_is_refused_and_the_rest_is_committed()
    {
        ObjectCompacted planned = Compacted(10, [0, 1], (One, 0, 20), (Two, 0, 2), (new StreamId(9), 0, 5));
        Commit(new StreamTrimmed(One, new Offset(12)));
        ObjectCompacted fitting = CompactionRules.WithoutRefused(_image, planned);
        Assert.Equal(Two, Assert.Single(fitting.Object.Ranges).Stream);
        Assert.Throws<StorageException>(() => Commit(planned));
        Commit(fitting);
        Assert.Equal([1L, 2, 3], Objects(One));
        Assert.Equal([10L, 2, 3], Objects(Two));
    }

    // As a merge that read its sources before a cleaning removed records from them.
    [Fact]
    public void K2_compaction_never_replaces_ranges_that_lie_in_other_objects_than_it_read()
    {
        ObjectCompacted late = Compacted(11, [0, 1], (One, 0, 20));
        Commit(Compacted(10, [0, 1], (One, 0, 20)));
        Assert.Empty(CompactionRules.WithoutRefused(_image, late).Object.Ranges);
        Commit(CompactionRules.WithoutRefused(_image, late));
        Assert.Equal([10L, 2, 3], Objects(One));
        Assert.Contains(new ObjectId(11), _image.DeletableObjects.Keys);
    }

    [Theory]
    [InlineData(0, 15)]
    [InlineData(5, 20)]
    [InlineData(40, 50)]
    [InlineData(10, 10)]
    public void Compaction_replaces_whole_ranges_only(long from, long to)
    {
        ObjectCompacted planned = Compacted(10, [0, 1, 2, 3], (One, from, to));
        Assert.Empty(CompactionRules.WithoutRefused(_image, planned).Object.Ranges);
        Assert.Equal(StorageErrorKind.Invalid, Assert.Throws<StorageException>(() => Commit(planned)).Kind);
    }

    [Fact]
    public void Several_ranges_of_a_stream_with_others_between_them_are_replaced_by_one_object()
    {
        Commit(Compacted(10, [1], (One, 10, 20)));
        Commit(Compacted(11, [0, 2, 3], (One, 0, 10), (One, 20, 40)));
        Assert.Equal([11L, 10, 11], Objects(One));
        Assert.Equal(2, _image.Objects[new ObjectId(11)].References);
    }

    [Fact]
    public void Closed_ids_are_not_committed_and_ids_in_use_stay()
    {
        Commit(new ObjectIdBlockAllocated(new NodeId(1), 4, 10));
        Commit(new ObjectIdsClosed(new ObjectId(9)));
        Assert.Throws<StorageException>(() => Commit(Object(8, (One, 40, 50))));
        Assert.Throws<StorageException>(() => Commit(Compacted(8, [0], (One, 0, 10))));
        Assert.Throws<StorageException>(() => Commit(new ObjectIdsClosed(new ObjectId(8))));
        Assert.Throws<StorageException>(() => Commit(new ObjectIdsClosed(new ObjectId(15))));
        Commit(Object(9, (One, 40, 50)));
        Assert.Equal(5, _image.Objects.Count);
    }

    [Fact]
    public void O2_orphans_are_closed_and_unknown_to_metadata_newer_than_the_listing()
    {
        ObjectKey[] listed = [.. Enumerable.Range(0, 12).Select(id => DataKeys.For(new ObjectId(id))), new ObjectKey("data/00/7"), new ObjectKey("wal/1")];
        Commit(new ObjectIdBlockAllocated(new NodeId(1), 4, 10), new ObjectIdsClosed(new ObjectId(8)));

        Assert.Equal([4L, 5, 6, 7], Ids(Orphans.Among(listed, _image)));
        MetadataImage before = _image;
        _image = MetadataImage.Empty;
        Assert.Empty(Orphans.Among(listed, _image));
        _image = before;
        Commit(new StreamTrimmed(One, new Offset(10)), new StreamTrimmed(Two, new Offset(1)));
        Assert.Equal([new ObjectId(0)], _image.DeletableObjects.Keys);
        Assert.Equal([4L, 5, 6, 7], Ids(Orphans.Among(listed, _image)));
        Commit(new ObjectsDeleted([new ObjectId(0)]));
        Assert.Equal([0L, 4, 5, 6, 7], Ids(Orphans.Among(listed, _image)));
    }

    [Fact]
    public void A_stream_is_clean_up_to_where_it_is_uploaded_at_most_and_never_less()
    {
        Commit(new StreamCleaned(One, new Offset(20)));
        Assert.Equal(new Offset(20), _image.FindStream(One)!.CleanedEnd);
        Assert.Throws<StorageException>(() => Commit(new StreamCleaned(One, new Offset(19))));
        Assert.Throws<StorageException>(() => Commit(new StreamCleaned(One, new Offset(41))));
    }

    private static IEnumerable<long> Ids(IEnumerable<ObjectKey> keys) => keys.Select(key => DataKeys.TryParse(key, out ObjectId id) ? id.Value : -1);

    private static ObjectCompacted Compacted(long id, long[] sources, params (StreamId Stream, long From, long To)[] ranges) =>
        new(Object(id, ranges), [.. sources.Select(source => new ObjectId(source))]);

    private static ObjectCommitted Object(long id, params (StreamId Stream, long From, long To)[] ranges) => new(
        new ObjectId(id),
        new ObjectKey($"data/{id}"),
        ObjectKind.StreamSet,
        100,
        5,
        [.. ranges.Select(range => new StreamRange(range.Stream, new LeaderEpoch(0), new Offset(range.From), new Offset(range.To), 0, 1, 0, 1, 0, 0))]);

    private IEnumerable<long> Objects(StreamId stream) => _image.FindStream(stream)!.Ranges.Select(range => range.ObjectId.Value);

    private void Commit(params MetadataEvent[] events) => _image = _image.Apply(new MetadataBatch(77, events), _image.Version + 1);
}
