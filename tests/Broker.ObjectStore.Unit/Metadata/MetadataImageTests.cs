using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.Unit.MetadataLogs;

public sealed class MetadataImageTests
{
    private static readonly Guid TopicId = Guid.NewGuid();
    private static readonly StreamId One = new(1);
    private static readonly StreamId Two = new(2);

    private MetadataImage _image = MetadataImage.Empty;

    [Fact]
    public void A_topic_is_found_by_name_id_and_partition()
    {
        CreateTopic();
        Assert.Equal("orders", _image.FindTopic(TopicId)!.Name);
        Assert.Equal(TopicId, _image.FindTopic("orders")!.TopicId);
        Assert.Equal(Two, _image.FindStream(new TopicPartition("orders", 1))!.StreamId);
        Assert.Null(_image.FindStream(new TopicPartition("orders", 2)));
        Assert.Null(_image.FindStream(new TopicPartition("orders", -1)));
        Assert.Null(_image.FindTopic("none"));
        Assert.Equal(new StreamId(3), _image.NextStreamId);
    }

    [Fact]
    public void Events_that_do_not_fit_are_Invalid_and_change_nothing()
    {
        CreateTopic();
        Commit(new StreamOpened(One, new NodeId(1), new LeaderEpoch(0), Offset.Zero));
        Commit(Upload(1, (One, 0, 10)));
        MetadataImage before = _image;
        MetadataEvent[] misfits =
        [
            new TopicCreated(Guid.NewGuid(), "orders", [new StreamId(9)], Configs(), false),
            new TopicCreated(TopicId, "other", [new StreamId(9)], Configs(), false),
            new TopicCreated(Guid.NewGuid(), "other", [One], Configs(), false),
            new TopicCreated(Guid.NewGuid(), "other", [], Configs(), false),
            new TopicDeleted(Guid.NewGuid()),
            new PartitionsAdded(Guid.NewGuid(), [new StreamId(9)]),
            new PartitionsAdded(TopicId, [Two]),
            new StreamOpened(One, new NodeId(2), new LeaderEpoch(0), new Offset(10)),
            new StreamOpened(One, new NodeId(2), new LeaderEpoch(1), new Offset(9)),
            new StreamOpened(new StreamId(77), new NodeId(2), new LeaderEpoch(1), new Offset(9)),
            new StreamTrimmed(One, new Offset(-1)),
            new ObjectsDeleted([new ObjectId(1)]),
            new ProducerIdBlockAllocated(new NodeId(1), 5, 10),
            Upload(1, (One, 10, 20)),
            Upload(2, (One, 11, 20)),
            Upload(2, (One, 9, 20)),
            Upload(2, (One, 10, 10)),
            Upload(2, (Two, 0, 5)) with { ObjectId = new ObjectId(1) },
        ];
        foreach (MetadataEvent misfit in misfits)
        {
            StorageException error = Assert.Throws<StorageException>(() => Commit(new NodeRegistered(new NodeId(1), 1), misfit));
            Assert.Equal(StorageErrorKind.Invalid, error.Kind);
            Assert.Contains(misfit.GetType().Name, error.Message, StringComparison.Ordinal);
            Assert.Same(before, _image);
        }
    }

    [Fact]
    public void An_upload_is_found_by_offset_until_it_is_trimmed()
    {
        CreateTopic();
        Open(One, 0, 0);
        for (int i = 0; i < 100; i++)
        {
            Commit(Upload(i, (One, i * 10, (i * 10) + 10)));
        }

        for (int offset = 0; offset < 1000; offset++)
        {
            (ObjectRange range, ObjectState found) = _image.FindRange(One, new Offset(offset))!.Value;
            Assert.Equal(new ObjectId(offset / 10), found.ObjectId);
            Assert.Equal(new Offset(offset / 10 * 10), range.BaseOffset);
        }

        Assert.Null(_image.FindRange(One, new Offset(1000)));
        Commit(new StreamTrimmed(One, new Offset(505)));
        Assert.Null(_image.FindRange(One, new Offset(504)));
        Assert.Equal(new ObjectId(50), _image.FindRange(One, new Offset(505))!.Value.Object.ObjectId);
        Assert.Equal(50, _image.Objects.Count);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => new ObjectId(i)), _image.DeletableObjects.Keys);
        Assert.Equal(77, _image.DeletableObjects[new ObjectId(3)].SinceMs);
        Commit(new ObjectsDeleted([.. _image.DeletableObjects.Keys]));
        Commit(new ObjectsDeleted([new ObjectId(3)]));
        Assert.Empty(_image.DeletableObjects);
    }

    [Fact]
    public void An_object_lives_while_any_stream_refers_to_it()
    {
        CreateTopic();
        Open(One, 0, 0);
        Open(Two, 0, 0);
        Commit(Upload(1, (One, 0, 5), (Two, 0, 5)));
        Assert.Equal(2, _image.Objects[new ObjectId(1)].References);
        Commit(new StreamTrimmed(One, new Offset(5)));
        Assert.Equal(1, _image.Objects[new ObjectId(1)].References);
        Commit(new TopicDeleted(TopicId));
        Assert.Empty(_image.Objects);
        Assert.Empty(_image.Streams);
        Assert.Equal([new ObjectId(1)], _image.DeletableObjects.Keys);
    }

    [Fact]
    public void What_is_uploaded_after_it_was_trimmed_is_deletable_at_once_and_its_end_counts()
    {
        CreateTopic();
        Open(One, 0, 0);
        Commit(new StreamTrimmed(One, new Offset(20)));
        Commit(Upload(1, (One, 0, 15)));
        Assert.Equal([new ObjectId(1)], _image.DeletableObjects.Keys);
        Commit(Upload(2, (One, 15, 25)));
        Assert.Equal(new ObjectId(2), _image.FindRange(One, new Offset(20))!.Value.Object.ObjectId);
        Assert.Equal(new Offset(25), _image.FindStream(One)!.EndOffset);
    }

    [Fact]
    public void State_of_a_stream_outlives_its_records_until_a_newer_one_takes_its_place()
    {
        CreateTopic();
        Open(One, 0, 0);
        Commit(Upload(1, (One, 0, 10)), UploadWithState(2, One, 10, 20));
        Commit(new StreamTrimmed(One, new Offset(25)));

        Assert.Equal(new ObjectId(2), _image.FindStream(One)!.DeadRange?.ObjectId);
        Assert.Null(_image.FindRange(One, new Offset(15)));
        Assert.Null(_image.FindStream(One)!.FindRangeByTimestamp(0));
        Assert.Equal([new ObjectId(1)], _image.DeletableObjects.Keys);

        // Trimmed before it was uploaded, too.
        Commit(UploadWithState(3, One, 20, 25));
        Assert.Equal(new ObjectId(3), _image.FindStream(One)!.DeadRange?.ObjectId);
        Assert.Equal([new ObjectId(1), new ObjectId(2)], _image.DeletableObjects.Keys);

        Commit(Upload(4, (One, 25, 30)));
        Assert.Null(_image.FindStream(One)!.DeadRange);
        Assert.Equal([new ObjectId(4)], _image.FindStream(One)!.Ranges.Select(range => range.ObjectId));
        Assert.Equal([new ObjectId(1), new ObjectId(2), new ObjectId(3)], _image.DeletableObjects.Keys);
    }

    [Fact]
    public void Topic_that_is_deleted_takes_the_states_of_its_streams_with_it()
    {
        CreateTopic();
        Open(One, 0, 0);
        Commit(UploadWithState(1, One, 0, 10));
        Commit(new StreamTrimmed(One, new Offset(10)));
        Assert.Empty(_image.DeletableObjects);

        Commit(new TopicDeleted(TopicId));

        Assert.Empty(_image.Objects);
        Assert.Equal([new ObjectId(1)], _image.DeletableObjects.Keys);
    }

    [Fact]
    public void CheckUpload_names_the_refused_streams_and_the_rest_can_be_committed()
    {
        CreateTopic();
        Open(One, 0, 0);
        Open(One, 1, 3);
        Open(Two, 0, 0);
        ObjectCommitted upload = Upload(1, (One, 0, 5), (Two, 0, 5), (Two, 5, 9), (new StreamId(50), 0, 1));
        IReadOnlyList<UploadRefusal> refusals = MetadataRules.CheckUpload(_image, upload);
        Assert.Equal(
            [(One, UploadRefusalReason.StaleEpoch), (new StreamId(50), UploadRefusalReason.UnknownStream)],
            refusals.Select(refusal => (refusal.Stream, refusal.Reason)));
        Assert.Throws<StorageException>(() => Commit(upload));
        Commit(MetadataRules.WithoutRefused(upload, refusals));
        Assert.Equal(new Offset(9), _image.FindStream(Two)!.EndOffset);
        Assert.Equal(Offset.Zero, _image.FindStream(One)!.EndOffset);

        Assert.Equal(UploadRefusalReason.NotContiguous, MetadataRules.CheckUpload(_image, Upload(2, (Two, 10, 12))).Single().Reason);
        Assert.Equal(UploadRefusalReason.EmptyRange, MetadataRules.CheckUpload(_image, Upload(2, (Two, 9, 9))).Single().Reason);
    }

    [Fact]
    public void Epoch_history_rises_forgets_empty_epochs_and_is_trimmed_with_the_records()
    {
        CreateTopic();
        Open(One, 0, 0);
        Commit(Upload(1, (One, 0, 10)));
        Open(One, 1, 10);
        Open(One, 4, 10);
        Assert.Equal([(0, 0L), (4, 10L)], History());
        Commit(Upload(2, (One, 10, 20)) with { Ranges = [Range(One, 10, 20) with { Epoch = new LeaderEpoch(4) }] });
        Open(One, 5, 20);
        Commit(new StreamTrimmed(One, new Offset(10)));
        Assert.Equal([(4, 10L), (5, 20L)], History());
        Commit(new StreamTrimmed(One, new Offset(15)));
        Assert.Equal([(4, 10L), (5, 20L)], History());
        Commit(new StreamTrimmed(One, new Offset(500)));
        Assert.Equal([(5, 20L)], History());
        Assert.Equal(new NodeId(1), _image.FindStream(One)!.Leader);
    }

    [Fact]
    public void Configs_change_and_vanish()
    {
        CreateTopic();
        Commit(new TopicConfigsChanged(TopicId, new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" }, []));
        Commit(new TopicConfigsChanged(TopicId, new Dictionary<string, string> { ["a"] = "3" }, ["b", "never"]));
        Assert.Equal([KeyValuePair.Create("a", "3")], _image.FindTopic(TopicId)!.Configs);
        Commit(new BrokerConfigChanged(NodeId.None, new Dictionary<string, string> { ["x"] = "1" }, []));
        Assert.Equal("1", _image.BrokerConfigs[NodeId.None]["x"]);
        Commit(new BrokerConfigChanged(NodeId.None, Configs(), ["x"]));
        Assert.Empty(_image.BrokerConfigs);
    }

    [Fact]
    public void A_commit_on_100_000_objects_allocates_for_what_it_touches_only()
    {
        StreamId[] streams = [.. Enumerable.Range(1, 10_000).Select(i => new StreamId(i))];
        Commit(new TopicCreated(TopicId, "big", streams, Configs(), false));
        Commit([.. streams.Select(stream => new StreamOpened(stream, new NodeId(1), new LeaderEpoch(0), Offset.Zero))]);
        Commit([.. Enumerable.Range(0, 100_000).Select(i => Upload(i, (streams[i % 10_000], i / 10_000 * 10, (i / 10_000 * 10) + 10)))]);
        Assert.Equal(100_000, _image.Objects.Count);
        ObjectCommitted next = Upload(100_000, (streams[7], 100, 110));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Commit(next);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        // Three maps and a list of at most 17 levels: some 60 nodes. Copying any map would take megabytes.
        Assert.InRange(allocated, 1, 32 * 1024);
        Assert.Equal(new ObjectId(100_000), _image.FindRange(streams[7], new Offset(105))!.Value.Object.ObjectId);
    }

    private static Dictionary<string, string> Configs() => [];

    private static StreamRange Range(StreamId stream, long from, long to)
        => new(stream, new LeaderEpoch(0), new Offset(from), new Offset(to), 0, 1, 0, 1, 0, 0);

    private static ObjectCommitted Upload(long id, params (StreamId Stream, long From, long To)[] ranges) => new(
        new ObjectId(id), new ObjectKey($"data/{id}"), ObjectKind.StreamSet, 100, 5, [.. ranges.Select(range => Range(range.Stream, range.From, range.To))]);

    private static ObjectCommitted UploadWithState(long id, StreamId stream, long from, long to) =>
        Upload(id) with { Ranges = [Range(stream, from, to) with { StatePosition = 50, StateBytes = 20 }] };

    private IEnumerable<(int Epoch, long Start)> History()
        => _image.FindStream(One)!.EpochHistory.Select(epoch => (epoch.Epoch.Value, epoch.StartOffset.Value));

    private void CreateTopic() => Commit(new TopicCreated(TopicId, "orders", [One, Two], Configs(), false));

    private void Open(StreamId stream, int epoch, long start)
        => Commit(new StreamOpened(stream, new NodeId(1), new LeaderEpoch(epoch), new Offset(start)));

    private void Commit(params MetadataEvent[] events) => _image = _image.Apply(new MetadataBatch(77, events), _image.Version + 1);
}
