using System.Buffers;
using System.Collections.Immutable;
using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;
using Broker.TestSupport.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Storage;

/// <summary>O4, and that one thing that cannot be removed keeps no other.</summary>
public sealed class OrphanSweepTests : ActorTest
{
    private static readonly WalId Attached = new(Guid.Parse("aaaaaaaa-0000-0000-0000-000000000000"));
    private static readonly WalId Released = new(Guid.Parse("bbbbbbbb-0000-0000-0000-000000000000"));
    private static readonly ObjectId Boundary = new(4);
    private readonly InMemoryObjectStore _bucket = new();
    private readonly DamagingStore _store;

    public OrphanSweepTests() => _store = new DamagingStore(_bucket);

    [Fact]
    public async Task O4_records_of_a_released_log_go_and_those_of_an_attached_one_stay()
    {
        await FillAsync(Attached);
        await FillAsync(Released);

        Assert.True(await SweepAsync(ImageClosedUpTo(Boundary)));

        Assert.Equal((3, 0), (SlotsOf(Attached), SlotsOf(Released)));

        // What meets the late PUTs of earlier runs is still there.
        Assert.Contains($"{BucketWalOptions.PrefixOf(Released)}/boundary", _bucket.Keys);
        Assert.Contains(_bucket.Keys, key => key.StartsWith(BucketWalOptions.PrefixOf(Released), StringComparison.Ordinal) && _bucket.Read(key).Length == LogFrameBytes);
    }

    [Fact]
    public async Task O4_nothing_of_a_log_goes_by_metadata_that_were_not_committed_after_the_listing()
    {
        await FillAsync(Released);

        Assert.True(await SweepAsync(ImageClosedUpTo(new ObjectId(5))));
        Assert.Equal(3, SlotsOf(Released));

        Assert.False(await SweepAsync(null));
        Assert.Equal(3, SlotsOf(Released));
    }

    [Fact]
    public async Task What_cannot_be_removed_keeps_nothing_else_and_is_tried_again()
    {
        await FillAsync(Released);
        ObjectKey[] orphans = [.. Enumerable.Range(0, 3).Select(id => DataKeys.For(new ObjectId(id)))];
        foreach (ObjectKey orphan in orphans)
        {
            await _bucket.PutAsync(orphan, new ReadOnlySequence<byte>([1]), PutCondition.IfAbsent, CancellationToken.None);
        }

        _store.KeepsPrefix = orphans[0].Value;
        Assert.False(await SweepAsync(ImageClosedUpTo(Boundary)));
        Assert.Equal((true, false, false, 0), (Has(orphans[0]), Has(orphans[1]), Has(orphans[2]), SlotsOf(Released)));

        _store.KeepsPrefix = null;
        Assert.True(await SweepAsync(ImageClosedUpTo(Boundary)));
        Assert.False(Has(orphans[0]));
    }

    [Fact]
    public async Task Slot_that_a_late_PUT_made_anew_below_the_boundary_goes_too()
    {
        await FillAsync(Released);
        string slot = _bucket.Keys.First(key => key.StartsWith(BucketWalOptions.PrefixOf(Released), StringComparison.Ordinal) && _bucket.Read(key).Length > LogFrameBytes);
        byte[] body = _bucket.Read(slot);
        Assert.True(await SweepAsync(ImageClosedUpTo(Boundary)));
        await _bucket.PutAsync(new ObjectKey(slot), new ReadOnlySequence<byte>(body), PutCondition.IfAbsent, CancellationToken.None);

        Assert.True(await SweepAsync(ImageClosedUpTo(Boundary)));

        Assert.Equal(0, SlotsOf(Released));
    }

    /// <summary>Of a fence: a header and nothing else.</summary>
    private const int LogFrameBytes = 48;

    private bool Has(ObjectKey key) => _bucket.Keys.Contains(key.Value);

    private int SlotsOf(WalId log) => _bucket.Keys.Count(
        key => key.StartsWith(BucketWalOptions.PrefixOf(log), StringComparison.Ordinal) && !key.EndsWith("boundary", StringComparison.Ordinal) && _bucket.Read(key).Length > LogFrameBytes);

    private async Task FillAsync(WalId log)
    {
        BucketWal wal = new(_bucket, new BucketWalOptions { Prefix = BucketWalOptions.PrefixOf(log), OwnerEpoch = 1 });
        await foreach (WalRecoveredRecord _ in wal.RecoverAsync(CancellationToken.None))
        {
            Assert.Fail("the log is new");
        }

        for (int i = 0; i < 3; i++)
        {
            byte[] payload = [(byte)i];
            await wal.AppendAsync([new WalRecord(new StreamId(1), new LeaderEpoch(0), new Offset(i), new Offset(i), 0, payload, Broker.Wire.Records.Crc32C.Compute(payload))], CancellationToken.None);
        }

        await wal.DisposeAsync();
    }

    private static MetadataImage ImageClosedUpTo(ObjectId closed) => MetadataImage.Empty.Apply(
        new MetadataBatch(
            0,
            [
                new ObjectIdBlockAllocated(new NodeId(1), 0, 10),
                new ObjectIdsClosed(closed),
                new WalAttached(Attached, new NodeId(1), "here", $"bucket:{BucketWalOptions.PrefixOf(Attached)}"),
            ]),
        0);

    /// <param name="closed">What the coordinator answers; null: it fails.</param>
    private Task<bool> SweepAsync(MetadataImage? closed)
    {
        IActorRef coordinator = Sys.ActorOf(Props.Create(() => new AnsweringActor(closed == null ? new CommandFailed(StorageErrorKind.Unavailable, "away") : new ObjectIdsAreClosed(closed))));
        return new OrphanSweep(new OrphanServices(new MetadataView(closed ?? MetadataImage.Empty), coordinator, _store, TimeSpan.FromHours(1), NullLogger.Instance)).RunAsync(Boundary);
    }

    private sealed class AnsweringActor : ReceiveActor
    {
        public AnsweringActor(object answer) => Receive<CloseObjectIds>(_ => Sender.Tell(answer));
    }
}
