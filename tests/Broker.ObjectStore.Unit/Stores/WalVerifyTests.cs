using Broker.ObjectStore.Inspection;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Unit.Compaction;
using Broker.ObjectStore.Unit.Wal;
using Broker.ObjectStore.Wal;

namespace Broker.ObjectStore.Unit.Stores;

/// <summary>What of a write-ahead log in the bucket would end the next start, or be lost by it, is found before that.</summary>
public sealed class WalVerifyTests : IDisposable
{
    private static readonly WalId Id = new(new Guid("5b000000-0000-0000-0000-000000000001"));
    private static readonly StreamId Stream = new(1);
    private readonly CompactedLog _log = new(1);

    public void Dispose() => _log.Dispose();

    [Fact]
    public async Task Whole_log_has_no_fault_and_all_of_it_was_read()
    {
        await FillAsync(5);

        (StoreVerify verify, List<StoreFault> faults) = await VerifyAsync();

        Assert.Empty(faults);
        Assert.Equal((1, 5, 5), (verify.Totals.Wals, verify.Totals.WalSlots, verify.Totals.WalRecords));
    }

    [Fact]
    public async Task Damaged_payloads_are_named_with_their_records_unless_these_are_uploaded()
    {
        await FillAsync(5);
        Damage(1, LogFrame.HeaderBytes + BucketSlot.HeaderBytes + BucketSlot.RecordBytes + 3);
        Damage(3, LogFrame.HeaderBytes + BucketSlot.HeaderBytes + BucketSlot.RecordBytes + 3);
        Assert.Equal(["t-0: offsets 1 to 1", "t-0: offsets 3 to 3"], (await VerifyAsync()).Faults.Select(fault => Assert.Single(fault.Lost)));

        // Of one record, as the batches of that size are: offset 0, then 1 and 2.
        await _log.UploadAsync((1, [300, 301]));

        Assert.Equal(["t-0: offsets 3 to 3"], (await VerifyAsync()).Faults.Select(fault => Assert.Single(fault.Lost)));
    }

    [Fact]
    public async Task Every_slot_that_cannot_be_read_is_named_though_a_start_ends_at_the_first()
    {
        await FillAsync(6);
        string[] slots = Slots();
        Damage(1, 3);
        Damage(2, LogFrame.HeaderBytes + BucketSlot.HeaderBytes + 9);
        Damage(4, LogFrame.HeaderBytes + BucketSlot.HeaderBytes + BucketSlot.RecordBytes + 3);

        List<StoreFault> faults = (await VerifyAsync()).Faults;

        Assert.Equal([slots[1], slots[2], slots[4]], faults.Select(fault => fault.Object.Value));
        Assert.Contains("A start with this log ends", faults[0].Problem, StringComparison.Ordinal);
        Assert.Equal("t-0: offsets 4 to 4", Assert.Single(faults[2].Lost));
    }

    [Fact]
    public async Task Missing_slot_is_named_and_damage_behind_it_too()
    {
        await FillAsync(12);
        string[] slots = Slots();
        await _log.Store.DeleteAsync(new ObjectKey(slots[2]), default);
        Damage(10, 3, slots);

        List<StoreFault> faults = (await VerifyAsync()).Faults;

        Assert.Equal([slots[2], slots[10]], faults.Select(fault => fault.Object.Value));
        Assert.Contains("has lost", faults[0].Problem, StringComparison.Ordinal);
    }

    // One of the newest too: its writer had settled it before it sent the next one.
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(10)]
    public async Task Slot_that_is_missing_is_named_wherever_it_was(int missing)
    {
        await FillAsync(12);
        string[] slots = Slots();
        await _log.Store.DeleteAsync(new ObjectKey(slots[missing]), default);

        List<StoreFault> faults = (await VerifyAsync()).Faults;

        Assert.Equal(slots[missing], Assert.Single(faults).Object.Value);
    }

    [Fact]
    public async Task Slot_that_is_missing_behind_a_damaged_one_is_named_too()
    {
        await FillAsync(12);
        string[] slots = Slots();
        Damage(2, 3);
        await _log.Store.DeleteAsync(new ObjectKey(slots[5]), default);

        List<StoreFault> faults = (await VerifyAsync()).Faults;

        Assert.Equal([slots[2], slots[5]], faults.Select(fault => fault.Object.Value));
        Assert.Contains("it is not there", faults[1].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Boundary_that_is_missing_or_damaged_is_named()
    {
        await FillAsync(3);
        ObjectKey boundary = new($"{BucketWalOptions.PrefixOf(Id)}/boundary");
        _log.Store.Damage(boundary.Value, bytes => [.. bytes[..20]]);
        Assert.Equal(boundary, Assert.Single((await VerifyAsync()).Faults).Object);

        await _log.Store.DeleteAsync(boundary, default);

        Assert.Equal(boundary, Assert.Single((await VerifyAsync()).Faults).Object);
    }

    // Its node died, and others have taken over what it held.
    [Fact]
    public async Task What_a_log_that_was_released_has_left_is_counted_and_no_fault()
    {
        await FillAsync(5);
        long bytes = Slots().Sum(slot => _log.Store.Read(slot).Length);
        Assert.Equal((0, 0, 0), Released((await VerifyAsync()).Verify));
        _log.Commit(new WalFenced(Id));
        _log.Commit(new WalReleased(Id, WalReleaseReason.Recovered));

        (StoreVerify verify, List<StoreFault> faults) = await VerifyAsync();

        Assert.Empty(faults);
        Assert.Equal((1, 5, bytes), Released(verify));
        Assert.Equal(0, verify.Totals.Wals);
    }

    [Fact]
    public async Task Log_on_a_disk_is_not_looked_for()
    {
        _log.Commit(new WalAttached(Id, new NodeId(1), "host", "/data/wal"));

        (StoreVerify verify, List<StoreFault> faults) = await VerifyAsync();

        Assert.Empty(faults);
        Assert.Equal(0, verify.Totals.Wals);
    }

    [Fact]
    public async Task Store_without_a_cluster_is_told_as_such_and_stays_empty()
    {
        StoreVerify verify = new(_log.Store, new MetadataLogOptions(), readsBlocks: true);

        StorageException error = await Assert.ThrowsAsync<StorageException>(async () => await verify.RunAsync(default).GetAsyncEnumerator().MoveNextAsync());

        Assert.Equal(StorageErrorKind.NotFound, error.Kind);
        Assert.Contains("no cluster", error.Message, StringComparison.Ordinal);
        Assert.Empty(_log.Store.Keys);
    }

    private static (long Wals, long Slots, long Bytes) Released(StoreVerify verify) => (verify.Totals.ReleasedWals, verify.Totals.ReleasedWalSlots, verify.Totals.ReleasedWalBytes);

    private async Task FillAsync(int slots)
    {
        _log.Commit(new WalAttached(Id, new NodeId(1), "host", AttachedWal.BucketScheme + BucketWalOptions.PrefixOf(Id)));
        BucketWal wal = await BucketWalFixture.OpenAsync(_log.Store, BucketWalFixture.Options() with { Prefix = BucketWalOptions.PrefixOf(Id) });
        for (int i = 0; i < slots; i++)
        {
            await wal.AppendAsync([BucketWalFixture.Record(i) with { Stream = Stream }], default);
        }

        await wal.DisposeAsync();
    }

    private string[] Slots() =>
        [.. _log.Store.Keys.Where(key => key.StartsWith("wal/", StringComparison.Ordinal) && BucketWalFixture.IsSlot(new ObjectKey(key)) && _log.Store.Read(key).Length > LogFrame.HeaderBytes)];

    private void Damage(int slot, int position, string[]? slots = null) => _log.Store.Damage((slots ?? Slots())[slot], bytes =>
    {
        bytes[position] ^= 4;
        return bytes;
    });

    private async Task<(StoreVerify Verify, List<StoreFault> Faults)> VerifyAsync()
    {
        await _log.StoreMetadataAsync();
        StoreVerify verify = new(_log.Store, new MetadataLogOptions(), readsBlocks: true);
        List<StoreFault> faults = [];
        await foreach (StoreFault fault in verify.RunAsync(default))
        {
            faults.Add(fault);
        }

        return (verify, faults);
    }
}
