using Broker.ObjectStore.Metadata;

namespace Broker.ObjectStore.Unit.MetadataLogs;

public sealed class WalDebtsTests
{
    private static readonly StreamId Stream = new(1);
    private static readonly WalId First = new(new Guid(1, 0, 0, new byte[8]));
    private static readonly WalId Second = new(new Guid(2, 0, 0, new byte[8]));
    private static readonly WalId Third = new(new Guid(3, 0, 0, new byte[8]));

    private MetadataImage _image = MetadataImage.Empty;
    private long _objects;

    public WalDebtsTests()
    {
        Commit(new TopicCreated(Guid.NewGuid(), "t", [Stream], new Dictionary<string, string>(), false));
        Attach(First, 1);
        Attach(Second, 2);
        Attach(Third, 3);
    }

    private StreamState State => _image.FindStream(Stream)!;

    [Fact]
    public void L1_Log_of_the_leader_before_is_read_unless_it_is_the_openers_own()
    {
        Open(node: 1, First, from: 0);

        Assert.Equal([First], Before(Second));
        Assert.Empty(Before(First));
    }

    [Fact]
    public void L1_Log_of_a_stream_that_was_taken_over_is_read_until_all_of_before_is_uploaded()
    {
        Open(node: 1, First, from: 0);
        Open(node: 2, Second, from: 10);
        Assert.Equal([First], Pending);
        Upload(until: 9);
        Assert.Equal([First, Second], Before(Third));

        Upload(until: 10);

        Assert.Empty(Pending);
        Assert.Equal([Second], Before(Third));
    }

    [Fact]
    public void L1_Logs_of_two_who_died_one_after_the_other_are_read_in_the_order_of_their_epochs()
    {
        Open(node: 2, Second, from: 0);
        Open(node: 1, First, from: 10);
        Open(node: 3, Third, from: 15);

        Assert.Equal([Second, First], Pending);
        Assert.Equal([Second, First, Third], Before(WalId.None));
        Upload(until: 14);
        Assert.Equal([Second, First], Pending);
        Upload(until: 15);
        Assert.Empty(Pending);
    }

    [Fact]
    public void L1_Nothing_is_read_for_a_stream_that_was_closed()
    {
        Open(node: 1, First, from: 0);
        Upload(until: 5);
        Commit(new StreamClosed(Stream, State.Epoch));

        Assert.Equal((NodeId.None, WalId.None), (State.Leader, State.Wal));
        Assert.Empty(Before(Second));
        Open(node: 2, Second, from: 5);
        Assert.Empty(Pending);
    }

    [Fact]
    public void L1_All_logs_are_read_where_a_build_did_not_say_which()
    {
        Open(node: 1, WalId.None, from: 0);

        Assert.Equal([First, Third], Before(Second));
    }

    [Fact]
    public void L1_Log_that_was_released_or_given_up_is_not_read()
    {
        Open(node: 1, First, from: 0);
        Open(node: 2, Second, from: 10);
        Commit(new WalReleased(First, WalReleaseReason.LossAccepted));

        Assert.Equal([Second], Before(Third));
    }

    [Fact]
    public void L2_Fenced_log_is_paid_once_its_streams_are_led_elsewhere_and_uploaded_so_far()
    {
        Open(node: 1, First, from: 0);
        Commit(new WalFenced(First));
        Assert.Empty(WalDebts.Paid(_image));
        Open(node: 2, Second, from: 10);
        Assert.Empty(WalDebts.Paid(_image));

        Upload(until: 10);

        Assert.Equal([First], WalDebts.Paid(_image));
        Commit(new WalReleased(First, WalReleaseReason.Recovered));
        Assert.Empty(WalDebts.Paid(_image));
    }

    [Fact]
    public void L2_Log_that_is_not_fenced_is_never_paid()
    {
        Assert.Empty(WalDebts.Paid(_image));
    }

    [Fact]
    public void Fenced_log_is_attached_no_more()
    {
        Commit(new WalFenced(First));

        StorageException again = Assert.Throws<StorageException>(() => Attach(First, 1));

        Assert.Equal(StorageErrorKind.Invalid, again.Kind);
    }

    [Fact]
    public void Stream_is_closed_by_its_leader_alone_and_takes_no_upload_after()
    {
        Open(node: 1, First, from: 0);
        Assert.Throws<StorageException>(() => Commit(new StreamClosed(Stream, new LeaderEpoch(7))));
        Commit(new StreamClosed(Stream, State.Epoch));
        Assert.Throws<StorageException>(() => Commit(new StreamClosed(Stream, State.Epoch)));

        UploadRefusal refusal = Assert.Single(MetadataRules.CheckUpload(_image, RandomMetadata.Upload(_image, 50, [State], _ => 3)));

        Assert.Equal(UploadRefusalReason.StaleEpoch, refusal.Reason);
    }

    [Fact]
    public void Stream_whose_leader_has_not_uploaded_what_it_took_over_is_not_closed()
    {
        Open(node: 1, First, from: 0);
        Open(node: 2, Second, from: 10);

        Assert.Throws<StorageException>(() => Commit(new StreamClosed(Stream, State.Epoch)));
    }

    private IEnumerable<WalId> Pending => State.PendingWals.AsEnumerable();

    private IReadOnlyList<WalId> Before(WalId own) => WalDebts.Before(_image, State, own);

    private void Attach(WalId wal, int node) => Commit(new WalAttached(wal, new NodeId(node), "host", $"bucket:wal/{wal}/"));

    private void Open(int node, WalId wal, long from) =>
        Commit(new StreamOpened(Stream, new NodeId(node), State.Epoch.Next(), new Offset(from), wal));

    private void Upload(long until) => Commit(RandomMetadata.Upload(_image, ++_objects, [State], stream => (int)(until - stream.EndOffset.Value)));

    private void Commit(params MetadataEvent[] events) => _image = _image.Apply(new MetadataBatch(0, events), _image.Version + 1);
}
