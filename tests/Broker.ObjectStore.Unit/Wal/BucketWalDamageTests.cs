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
    public async Task Damage_in_the_bucket_is_Corrupt_and_named_W5()
    {
        BucketWal wal = await OpenAsync(_store, Options());
        await wal.AppendAsync(1);
        string key = _store.Keys.Where(name => IsSlot(new ObjectKey(name))).Last(name => _store.Read(name).Length > LogFrame.HeaderBytes);
        _store.Damage(key, bytes =>
        {
            bytes[^3] ^= 1;
            return bytes;
        });

        StorageException error = await FailsAsync(StorageErrorKind.Corrupt, () => RecoverAsync(new BucketWal(_store, Options())));

        Assert.Contains(key, error.Message, StringComparison.Ordinal);
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

        await FailsAsync(StorageErrorKind.Corrupt, () => RecoverAsync(new BucketWal(_store, Options())));
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
