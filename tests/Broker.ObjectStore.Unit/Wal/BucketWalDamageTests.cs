using System.Text;
using Broker.ObjectStore.Wal;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;
using static Broker.ObjectStore.Unit.Wal.BucketWalFixture;

namespace Broker.ObjectStore.Unit.Wal;

/// <summary>What is not as it was written is an error that says where: B4, W5.</summary>
public sealed class BucketWalDamageTests
{
    private readonly InMemoryObjectStore _store = new();

    [Theory]
    [InlineData(3)]
    [InlineData(1)]
    public async Task Positions_that_do_not_follow_each_other_are_Corrupt_B4(long position)
    {
        BucketWal wal = await OpenAsync(_store, Options());
        await wal.AppendAsync(1);
        ConditionalLogOptions raw = new(Prefix) { MaxInFlight = 4, MinEpoch = 1L << 32, Time = new JumpingTime() };
        ConditionalLog log = await ConditionalLog.OpenAsync(_store, raw, null, (_, _) => ValueTask.CompletedTask, default);
        await log.AppendAsync(BucketSlot.Encode(position, [new PendingAppend([Record(2)], BucketSlot.RecordBytes)]).Body, default);

        StorageException error = await FailsAsync(StorageErrorKind.Corrupt, () => RecoverAsync(new BucketWal(_store, Options())));

        Assert.Contains($"position {position}, after 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_payload_is_recovered_as_such_and_all_around_it_as_it_was_W5()
    {
        BucketWal wal = await OpenAsync(_store, Options());
        await wal.AppendAsync(1);
        await wal.AppendAsync(2);
        await wal.AppendAsync(3);
        string key = SlotWithData(1);
        Damage(key, fromEnd: 3);

        List<WalRecoveredRecord> recovered = await RecoverAsync(new BucketWal(_store, Options()));

        Assert.Equal([1L, 2, 3], recovered.Select(one => one.Position.Value));
        Assert.Equal([false, true, false], recovered.Select(one => one.Damage is not null));
        Assert.Equal(Record(2) with { Payload = default }, recovered[1].Record with { Payload = default });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(12)]
    [InlineData(20)]
    [InlineData(30)]
    [InlineData(41)]
    [InlineData(LogFrame.HeaderBytes + 2)]
    [InlineData(LogFrame.HeaderBytes + BucketSlot.HeaderBytes + 9)]
    public async Task Damage_of_what_says_whose_records_they_are_is_Corrupt_and_named_W5(int at)
    {
        BucketWal wal = await OpenAsync(_store, Options());
        await wal.AppendAsync(1);
        await wal.AppendAsync(2);
        string key = SlotWithData(0);
        Damage(key, _store.Read(key).Length - at);

        StorageException error = await FailsAsync(StorageErrorKind.Corrupt, () => RecoverAsync(new BucketWal(_store, Options())));

        Assert.Contains(key.Split('/')[^1].TrimStart('0'), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slot_that_is_damaged_on_its_way_is_read_again()
    {
        BucketWal wal = await OpenAsync(_store, Options());
        await wal.AppendAsync(1);
        string key = SlotWithData(0);
        DamagesOnce damages = new(_store, key);

        List<WalRecoveredRecord> recovered = await RecoverAsync(new BucketWal(damages, Options()));

        Assert.True(damages.HasDamaged);
        Assert.Null(Assert.Single(recovered).Damage);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(10_000)]
    public async Task Damage_in_memory_after_the_checksum_was_taken_is_found_W5(int payloadBytes)
    {
        WalRecord record = Record(1, payloadBytes);
        byte[] damaged = record.Payload.ToArray();
        damaged[7] ^= 1;
        BucketWal wal = await OpenAsync(_store, Options());
        await wal.AppendAsync([record with { Payload = damaged }], default);

        Assert.NotNull(Assert.Single(await RecoverAsync(new BucketWal(_store, Options()))).Damage);
    }

    private string SlotWithData(int index) =>
        _store.Keys.Where(name => IsSlot(new ObjectKey(name))).Where(name => _store.Read(name).Length > LogFrame.HeaderBytes).ElementAt(index);

    private void Damage(string key, int fromEnd) => _store.Damage(key, bytes =>
    {
        bytes[^fromEnd] ^= 1;
        return bytes;
    });

    /// <summary>The first read of one object comes damaged.</summary>
    private sealed class DamagesOnce(IObjectStore inner, string damaged) : ForwardingObjectStore(inner)
    {
        internal bool HasDamaged { get; private set; }

        public override async ValueTask<ReadOnlyMemory<byte>> GetAsync(ObjectKey key, ByteRange range, CancellationToken ct)
        {
            byte[] bytes = (await base.GetAsync(key, range, ct)).ToArray();
            if (key.Value == damaged && !HasDamaged)
            {
                HasDamaged = true;
                bytes[^1] ^= 1;
            }

            return bytes;
        }
    }

    [Fact]
    public async Task A_foreign_entry_is_not_taken_for_records()
    {
        ConditionalLog log = await ConditionalLog.OpenAsync(
            _store, new ConditionalLogOptions(Prefix) { MaxInFlight = 4 }, null, (_, _) => ValueTask.CompletedTask, default);
        await log.AppendAsync(Encoding.UTF8.GetBytes("not records"), default);

        StorageException error = await FailsAsync(StorageErrorKind.Corrupt, () => RecoverAsync(new BucketWal(_store, Options())));

        Assert.Contains("it has no WAL header", error.Message, StringComparison.Ordinal);
    }
}
