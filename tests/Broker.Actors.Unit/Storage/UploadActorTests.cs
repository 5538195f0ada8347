using System.Collections.Concurrent;
using Akka.Actor;
using Akka.TestKit;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Storage;

/// <summary>U1 and U2 of the upload stage, when it starts, and what it does when the store fails.</summary>
public sealed class UploadActorTests : ActorTest
{
    private const int BatchBytes = 2000;
    private static readonly StreamId Stream = new(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly BufferPool _buffers = new(new BufferPoolOptions());
    private LogCache _cache = new(new LogCacheOptions(), TimeProvider.System);
    private readonly InMemoryObjectStore _inner = new();
    private readonly HeldWal _wal = new();
    private readonly ConcurrentQueue<CommitUpload> _commits = new();
    private readonly TestProbe _walStage;
    private static readonly NodeId Node = new(7);
    private readonly PartitionDirectory _partitions = new();
    private readonly UploadHaste _haste = new();
    private long _position;
    private int _puts;
    private volatile bool _holdCommits;
    private int _tooLate;
    private NodeId _leader = NodeId.None;

    public UploadActorTests() => _walStage = CreateTestProbe();

    [Fact]
    public void U1_objects_are_committed_in_the_order_in_which_they_were_sealed()
    {
        // The first object's PUTs fail a while: the second object is in the store long before it.
        IActorRef uploads = Start(failPuts: put => put is 0 or 2 or 3);
        Append(0, 1);
        uploads.Tell(UploadCheck.Instance);
        Append(1, 1);
        uploads.Tell(UploadCheck.Instance);

        AwaitCondition(() => _commits.Count == 2, Patience);

        Assert.Equal([0L, 1L], _commits.Select(commit => commit.Upload.Ranges.Single().BaseOffset.Value));
    }

    [Fact]
    public void U2_log_is_trimmed_only_when_the_upload_is_committed()
    {
        _holdCommits = true;
        IActorRef uploads = Start();
        Append(0, 1);
        uploads.Tell(UploadCheck.Instance);
        AwaitCondition(() => _commits.Count == 1, Patience);
        Assert.Empty(_wal.Trims);
        Assert.True(_cache.UnuploadedBytes > 0);

        _holdCommits = false;
        _coordinator!.Tell("commit");

        _walStage.ExpectMsg<StorageRoomMade>(Patience);
        Assert.Equal([new WalPosition(1)], _wal.Trims);
        Assert.Equal(0, _cache.UnuploadedBytes);
    }

    [Fact]
    public void U2_trim_that_failed_is_made_up_for_without_another_upload()
    {
        TestClock clock = new();
        _wal.TrimsFail = true;
        IActorRef uploads = Start(clock: clock);
        Append(0, 1);
        uploads.Tell(UploadCheck.Instance);
        AwaitCondition(() => _wal.Trims.Count == 1, Patience);

        _wal.TrimsFail = false;
        AwaitCondition(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return _wal.Trims.Count == 2;
            },
            Patience);

        Assert.Equal([new WalPosition(1), new WalPosition(1)], _wal.Trims);
        Assert.Single(_commits);
    }

    [Fact]
    public void U2_what_a_start_finds_uploaded_is_trimmed_without_an_upload()
    {
        _cache.StartAfter(new WalPosition(7));
        Start();

        _walStage.ExpectMsg<StorageRoomMade>(Patience);
        Assert.Equal([new WalPosition(7)], _wal.Trims);
        Assert.Empty(_commits);
    }

    [Fact]
    public void Log_that_holds_deleted_topics_alone_is_trimmed_without_an_upload()
    {
        Append(0, 2);
        _cache.Remove(Stream);
        Start(uploadBytes: 10 * BatchBytes);

        _walStage.ExpectMsg<StorageRoomMade>(Patience);
        AwaitCondition(() => _wal.Trims.Count > 0, Patience);
        Assert.Equal(new WalPosition(2), _wal.Trims[^1]);
        Assert.Empty(_inner.Keys);
    }

    [Fact]
    public void Failing_store_is_tried_until_it_works_and_nothing_is_lost()
    {
        IActorRef uploads = Start(failPuts: put => put < 3);
        Append(0, 1);
        uploads.Tell(UploadCheck.Instance);

        _walStage.ExpectMsg<StorageRoomMade>(Patience);

        CommitUpload commit = Assert.Single(_commits);
        Assert.Contains(commit.Upload.Key.Value, _inner.Keys);
        Assert.Single(_inner.Keys);
    }

    [Fact]
    public void Store_that_fails_for_long_is_reported_to_the_wal_stage_and_the_wal_is_asked_for_room()
    {
        IActorRef uploads = Start(failPuts: put => put < 12, clock: new JumpingTime());
        Append(0, 1);
        uploads.Tell(UploadCheck.Instance);

        Assert.Contains("outage", _walStage.ExpectMsg<UploadsStalled>(Patience).Problem, StringComparison.Ordinal);
        _walStage.FishForMessage(message => message is StorageRoomMade, Patience);

        Assert.Equal(12, _wal.Trims.Count(position => position == WalPosition.None));
    }

    [Fact]
    public void Store_that_fails_for_a_moment_is_not_reported()
    {
        IActorRef uploads = Start(failPuts: put => put < 3, clock: new JumpingTime());
        Append(0, 1);
        uploads.Tell(UploadCheck.Instance);

        _walStage.ExpectMsg<StorageRoomMade>(Patience);
    }

    [Fact]
    public void Uploads_that_do_not_end_while_the_cache_is_full_are_reported_to_the_wal_stage()
    {
        SteppedTime clock = new();
        _cache = new LogCache(new LogCacheOptions { CapacityBytes = BatchBytes }, TimeProvider.System);
        _holdCommits = true;
        IActorRef uploads = Start(clock: clock);
        Append(0, 2);
        uploads.Tell(UploadCheck.Instance);
        AwaitCondition(() => _commits.Count == 1, Patience);

        clock.Advance(TimeSpan.FromSeconds(14));
        _walStage.ExpectNoMsg(TimeSpan.FromMilliseconds(600));
        clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Contains("15 s", _walStage.ExpectMsg<UploadsStalled>(Patience).Problem, StringComparison.Ordinal);
    }

    // Its id was closed while it waited for its commit, so that it may have been deleted as nobody's.
    [Fact]
    public void Object_that_comes_too_late_for_its_commit_is_deleted_and_put_anew_under_another_id()
    {
        _tooLate = 1;
        IActorRef uploads = Start();
        Append(0, 1);
        uploads.Tell(UploadCheck.Instance);

        _walStage.FishForMessage(message => message is StorageRoomMade, Patience);

        Assert.Equal([0L, 1], _commits.Select(commit => commit.Upload.ObjectId.Value));
        Assert.Equal([_commits.Last().Upload.Key.Value], _inner.Keys);
        Assert.Equal(_commits.First().Upload.Ranges, _commits.Last().Upload.Ranges);
        Assert.Equal(0, _cache.UnuploadedBytes);
    }

    [Fact]
    public void Little_waits_for_more()
    {
        Start(uploadBytes: 10 * BatchBytes);
        Append(0, 1);

        _walStage.ExpectNoMsg(TimeSpan.FromMilliseconds(600));
        Assert.Empty(_commits);
    }

    [Fact]
    public void Little_is_uploaded_when_it_is_old_when_the_log_fills_and_when_asked()
    {
        IActorRef uploads = Start(uploadBytes: 10 * BatchBytes);
        Append(0, 1);
        uploads.Tell(FlushUploads.Instance, TestActor);
        ExpectMsg<UploadsFlushed>(Patience);
        Assert.Single(_commits);

        _wal.UsedBytes = long.MaxValue;
        Append(1, 1);
        AwaitCondition(() => _commits.Count == 2, Patience);
        _wal.UsedBytes = 0;
    }

    [Fact]
    public async Task What_lies_in_many_slots_of_the_log_is_uploaded_once()
    {
        SteppedTime time = new();
        _cache = new LogCache(new LogCacheOptions(), time);
        IActorRef uploads = Start(uploadBytes: 10 * BatchBytes);
        Append(0, 1);
        await WaitsAsync(200);
        time.Advance(TimeSpan.FromSeconds(4));
        AwaitCondition(() => _commits.Count == 1, Patience);

        // What is sealed is not counted again, trimmed or not.
        Append(1, 1);
        time.Advance(TimeSpan.FromSeconds(4));
        await WaitsAsync(399);
        _wal.SlotsWritten = 400;
        AwaitCondition(() => _commits.Count == 2, Patience);

        // A log that is opened anew begins with what it finds.
        Append(2, 1);
        time.Advance(TimeSpan.FromSeconds(4));
        await WaitsAsync(3);
        await WaitsAsync(202);
        _wal.SlotsWritten = 203;
        AwaitCondition(() => _commits.Count == 3, Patience);
        async Task WaitsAsync(long written)
        {
            _wal.SlotsWritten = written;
            uploads.Tell(UploadCheck.Instance);
            await uploads.Ask<ActorIdentity>(new Identify(1), Patience);
            Assert.NotEqual(0, _cache.UnsealedBytes);
        }
    }

    [Fact]
    public void Flush_ends_with_what_was_there_when_it_began_and_is_in_haste_until_then()
    {
        _holdCommits = true;
        IActorRef uploads = Start(uploadBytes: 10 * BatchBytes);
        Append(0, 1);
        uploads.Tell(FlushUploads.Instance, TestActor);
        AwaitCondition(() => _commits.Count == 1 && _haste.IsWanted, Patience);

        Append(1, 1);
        _holdCommits = false;
        _coordinator!.Tell("commit");
        ExpectMsg<UploadsFlushed>(Patience);
        Assert.False(_haste.IsWanted);
        Assert.NotEqual(0, _cache.UnuploadedBytes);
    }

    [Fact]
    public void Old_bytes_are_uploaded_whatever_their_number()
    {
        Start(uploadBytes: 10 * BatchBytes, interval: TimeSpan.FromMilliseconds(100));
        Append(0, 1);

        AwaitCondition(() => _commits.Count == 1, Patience);
    }

    [Fact]
    public void Flush_of_nothing_is_answered_at_once()
    {
        Start().Tell(FlushUploads.Instance, TestActor);

        ExpectMsg<UploadsFlushed>(Patience);
    }

    // In the cache it is before it is open; what an upload stored without its producers' state, they could send again.
    [Fact]
    public void U3_partition_that_is_being_opened_is_waited_for()
    {
        _leader = Node;
        IActorRef uploads = Start();
        Append(0, 1);
        uploads.Tell(UploadCheck.Instance);
        _walStage.ExpectNoMsg(TimeSpan.FromMilliseconds(100));
        Assert.Empty(_commits);

        TestProbe partition = CreateTestProbe();
        _partitions.Add(Stream, partition.Ref, new PartitionLoad());

        partition.ExpectMsg<CaptureProducerState>(Patience);
        partition.Reply(new ProducerState(new byte[] { 1 }));
        AwaitCondition(() => _commits.Count == 1, Patience);
        Assert.True(_commits.Single().Upload.Ranges.Single().HasState);
    }

    [Fact]
    public void U3_partition_that_broke_is_not_waited_for()
    {
        _leader = Node;
        _partitions.Break(Stream);
        IActorRef uploads = Start();
        Append(0, 1);
        uploads.Tell(UploadCheck.Instance);

        AwaitCondition(() => _commits.Count == 1, Patience);
    }

    [Fact]
    public void U4_uploads_go_on_after_a_failure_that_nobody_expects()
    {
        using ManualResetEventSlim both = new();
        IActorRef uploads = Start(failPuts: put =>
        {
            if (put == 0)
            {
                // The stage waits for no offer by then, and hears of its stream's end otherwise.
                both.Wait(Patience);
                throw new InvalidOperationException("unexpected");
            }

            both.Set();
            return false;
        });
        Append(0, 1);
        uploads.Tell(UploadCheck.Instance);
        Append(1, 1);
        uploads.Tell(UploadCheck.Instance);

        AwaitCondition(() => _cache.UnuploadedBytes == 0, Patience);
    }

    private IActorRef? _coordinator;

    private IActorRef Start(Func<int, bool>? failPuts = null, long uploadBytes = BatchBytes, TimeSpan? interval = null, TimeProvider? clock = null)
    {
        FaultyObjectStore store = new(_inner, (request, _, _) =>
            request == StoreRequest.Put && failPuts?.Invoke(Interlocked.Increment(ref _puts) - 1) == true ? Fault.Refuse : Fault.None);
        MetadataImage image = MetadataImage.Empty.Apply(new MetadataBatch(0,
        [
            new TopicCreated(Guid.Parse("00000000-0000-0000-0000-000000000001"), "t", [new StreamId(0), Stream], new Dictionary<string, string>(), false),
            .. _leader == NodeId.None ? Array.Empty<MetadataEvent>() : [new StreamOpened(Stream, _leader, new LeaderEpoch(0), Offset.Zero, WalId.None)],
        ]), 0);
        _coordinator = Sys.ActorOf(Props.Create(() => new CoordinatorStub(_commits, () => _holdCommits, () => Interlocked.Decrement(ref _tooLate) >= 0)));
        Configuration.StorageOptions options = TestOptions.Of().Storage with { UploadBytes = uploadBytes, UploadInterval = interval ?? TimeSpan.FromHours(1), UploadsInFlight = 2 };
        UploadServices services = new(Node, _cache, _wal, store, new MetadataView(image), _partitions, _coordinator, _walStage.Ref, options, clock ?? TimeProvider.System, NullLogger.Instance) { Haste = _haste };
        return Sys.ActorOf(Props.Create(() => new UploadActor(services)));
    }

    private void Append(long offset, int batches)
    {
        for (int i = 0; i < batches; i++)
        {
            byte[] batch = TestBatches.Of(new Broker.Wire.Records.RecordBatchOptions { BaseOffset = offset + i }, valueBytes: BatchBytes);
            BufferLease lease = _buffers.Rent(batch.Length);
            batch.CopyTo(lease.Memory);
            _cache.Append(Stream, new CachedBatch(new Offset(offset + i), new Offset(offset + i), new LeaderEpoch(0), TestBatches.TimestampMs, lease.Memory, Broker.Wire.Records.Crc32C.Compute(lease.Memory.Span), lease, new WalPosition(++_position)));
        }
    }

    /// <summary>Gives ids, and commits at once, or when it is told to, or not because it is too late.</summary>
    private sealed class CoordinatorStub : ReceiveActor
    {
        private readonly List<IActorRef> _held = [];
        private long _nextId;

        public CoordinatorStub(ConcurrentQueue<CommitUpload> commits, Func<bool> hold, Func<bool> isTooLate)
        {
            Receive<GiveObjectId>(_ => Sender.Tell(new ObjectIdGiven(new ObjectId(_nextId++))));
            Receive<CommitUpload>(commit =>
            {
                commits.Enqueue(commit);
                if (isTooLate())
                {
                    Sender.Tell(UploadTooLate.Instance);
                }
                else if (hold())
                {
                    _held.Add(Sender);
                }
                else
                {
                    Sender.Tell(new UploadCommitted([]));
                }
            });
            Receive<string>(_ => _held.ForEach(one => one.Tell(new UploadCommitted([]))));
        }
    }
}
