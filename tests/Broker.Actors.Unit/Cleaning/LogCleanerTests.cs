using Akka.Actor;
using Broker.Actors.Cleaning;
using Broker.Actors.Configuration;
using Broker.Actors.Coordination;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Compaction;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.StreamObjects;
using Broker.TestSupport.Storage;
using Broker.Wire.Compression;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.Cleaning;

/// <summary>Cleanings of one partition in three objects, a piece for each.</summary>
public sealed class LogCleanerTests : ActorTest
{
    private const long NowMs = TestBatches.TimestampMs;
    private static readonly StreamId Stream = new(0);
    private readonly InMemoryObjectStore _store = new();
    private readonly BufferPool _buffers = new(new BufferPoolOptions());
    private readonly List<ObjectCompacted> _commits = [];
    private MetadataImage _image = MetadataImage.Empty;
    private Action<int> _beforeCommit = _ => { };
    private bool _isTooLate;

    [Fact]
    public async Task Pieces_are_committed_in_the_order_of_offsets_and_the_last_says_how_far_it_is_clean_D5()
    {
        await UploadAsync();

        CleaningResult? result = await CleanAsync();

        Assert.Equal((new Offset(6), 3, 6L, 3L), (result!.CleanedEnd, result.Keys, result.RecordsRead, result.RecordsKept));
        Assert.Equal([0L, 2, 4], _commits.Select(commit => commit.Object.Ranges.Single().BaseOffset.Value));
        Assert.Equal(new Offset(6), _image.FindStream(Stream)!.CleanedEnd);
    }

    [Fact]
    public async Task Piece_that_no_longer_fits_ends_the_cleaning_and_nothing_counts_as_cleaned_D5_D6()
    {
        await UploadAsync();
        _beforeCommit = commit =>
        {
            if (commit == 1)
            {
                Apply(new StreamTrimmed(Stream, new Offset(4)));
            }
        };

        Assert.Null(await CleanAsync());

        Assert.Equal([1, 0], _commits.Select(commit => commit.Object.Ranges.Count));
        Assert.Equal(Offset.Zero, _image.FindStream(Stream)!.CleanedEnd);
    }

    [Fact]
    public async Task Batch_that_cannot_be_read_ends_the_cleaning_before_anything_is_written()
    {
        await UploadAsync();
        _store.Damage(_image.Objects[new ObjectId(1)].Key.Value, bytes =>
        {
            bytes[100] ^= 1;
            return bytes;
        });

        StorageException error = await Assert.ThrowsAnyAsync<StorageException>(CleanAsync);

        Assert.Equal(StorageErrorKind.Corrupt, error.Kind);
        Assert.Empty(_commits);
        Assert.Equal(3, _store.Keys.Count);
    }

    [Fact]
    public async Task Object_that_came_too_late_for_its_commit_is_deleted()
    {
        await UploadAsync();
        _isTooLate = true;

        await CleanAsync();

        Assert.Equal(3, _store.Keys.Count);
    }

    private async Task UploadAsync()
    {
        Apply(
            new TopicCreated(Guid.NewGuid(), "t", [Stream], new Dictionary<string, string> { ["cleanup.policy"] = "compact" }, false),
            new StreamOpened(Stream, new NodeId(1), new LeaderEpoch(0), Offset.Zero));
        string[][] objects = [["a=1", "b=1"], ["a=2", "c=1"], ["b", "c=2"]];
        for (int i = 0; i < objects.Length; i++)
        {
            byte[] batch = StoredBatches.Of(2 * i, CompressionType.None, objects[i]);
            RecordBatchView view = new(batch);
            using OneLease lease = new(_buffers);
            CachedBatch cached = new(new Offset(view.BaseOffset), new Offset(view.LastOffset), new LeaderEpoch(0), view.MaxTimestamp, batch, view.ChecksumOfAll(), lease.Lease, default);
            EncodedObject encoded = new StreamObjectWriter(new StreamObjectWriterOptions()).Write(Stream, [cached]);
            await _store.PutAsync(DataKeys.For(new ObjectId(i)), encoded.Body, PutCondition.IfAbsent, CancellationToken.None);
            Apply(new ObjectCommitted(new ObjectId(i), DataKeys.For(new ObjectId(i)), ObjectKind.Stream, encoded.SizeBytes, 0, encoded.Sections));
        }
    }

    private Task<CleaningResult?> CleanAsync()
    {
        IActorRef coordinator = Sys.ActorOf(Props.Create(() => new Committer(this)));
        ObjectCompactor compactor = new(_store, new StreamObjectWriterOptions(), new CompactionOptions(), (_, _) => Task.CompletedTask);
        TestClock clock = new();
        LogCleaner cleaner = new(compactor, new ObjectReplacement(coordinator, _store, compactor, clock), new CleanerOptions(1 << 20, 0.9), clock);
        DueCleaning due = new(Stream, Offset.Zero, Offset.Zero, new Offset(6), 1, false);
        return cleaner.CleanAsync(due, _image, TestOptions.Topic(("cleanup.policy", "compact")), maxPieceBytes: 1, CancellationToken.None);
    }

    private void Apply(params MetadataEvent[] events) => _image = _image.Apply(new MetadataBatch(NowMs, events), _image.Version + 1);

    /// <summary>Commits as the coordinator does.</summary>
    private sealed class Committer : ReceiveActor
    {
        public Committer(LogCleanerTests test)
        {
            Receive<GiveObjectId>(_ => Sender.Tell(new ObjectIdGiven(new ObjectId(100 + test._commits.Count))));
            Receive<CommitCompaction>(commit =>
            {
                test._beforeCommit(test._commits.Count);
                if (test._isTooLate)
                {
                    Sender.Tell(new CompactionCommitted(test._image));
                    return;
                }

                ObjectCompacted fitting = CompactionRules.WithoutRefused(test._image, commit.Compaction);
                test._commits.Add(fitting);
                test.Apply(fitting);
                if (commit.Cleaned is { } cleaned && fitting.Object.Ranges.Count > 0)
                {
                    test.Apply(cleaned);
                }

                Sender.Tell(new CompactionCommitted(test._image));
            });
        }
    }

    /// <summary>What a cached batch must have; its bytes lie elsewhere here.</summary>
    private sealed class OneLease(BufferPool pool) : IDisposable
    {
        public BufferLease Lease { get; } = pool.Rent(1);

        public void Dispose() => Lease.Release();
    }
}
