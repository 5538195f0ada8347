using Broker.ObjectStore.Wal;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;
using static Broker.ObjectStore.Unit.Wal.BucketWalFixture;

namespace Broker.ObjectStore.Unit.Wal;

/// <summary>T1 and T2: the log of a node that is gone, or only seems so.</summary>
public sealed class FencedBucketWalTests
{
    private const long Owner = 3;
    private readonly InMemoryObjectStore _store = new();

    [Fact]
    public async Task T1_node_whose_log_is_fenced_appends_nothing_more_and_never_gets_it_again()
    {
        await using BucketWal wal = await OpenAsync(_store, Options(Owner));
        await wal.AppendAsync(1);
        await wal.AppendAsync(2);

        await FenceAsync();

        await FailsAsync(StorageErrorKind.Fenced, () => wal.AppendAsync(3));
        await using BucketWal again = new(_store, Options(Owner));
        await FailsAsync(StorageErrorKind.Fenced, () => RecoverAsync(again));
        long[] read = await ReadAsync();
        Assert.Equal([1, 2], read);
    }

    [Fact]
    public async Task T2_log_reads_the_same_each_time_also_when_it_is_fenced_again()
    {
        await using BucketWal wal = await OpenAsync(_store, Options(Owner));
        for (int i = 1; i <= 20; i++)
        {
            await wal.AppendAsync(i);
        }

        await wal.TrimAsync(new WalPosition(7), default);
        await FenceAsync();
        long[] first = await ReadAsync();
        await FenceAsync();

        long[] second = await ReadAsync();
        Assert.Equal(first, second);
        Assert.Equal(Enumerable.Range(8, 13).Select(i => (long)i), first.TakeLast(13));
    }

    [Fact]
    public async Task Empty_log_and_one_that_is_trimmed_to_its_end_are_fenced()
    {
        await using BucketWal wal = await OpenAsync(_store, Options(Owner));
        await FenceAsync();
        await FailsAsync(StorageErrorKind.Fenced, () => wal.AppendAsync(1));
        Assert.Empty(await ReadAsync());
    }

    [Fact]
    public async Task Fencing_reads_no_more_of_a_long_log_than_its_end()
    {
        await using BucketWal wal = await OpenAsync(_store, Options(Owner));
        for (int i = 1; i <= 100; i++)
        {
            await wal.AppendAsync(i);
        }

        int gets = 0;
        FaultyObjectStore counted = new(_store, (request, _, _) =>
        {
            gets += request == StoreRequest.Get ? 1 : 0;
            return Fault.None;
        });
        await FencedBucketWal.FenceAsync(counted, Prefix, Owner, new JumpingTime(), new SeededIdSource(9), default);

        Assert.InRange(gets, 1, 30);
        Assert.Equal(100, (await ReadAsync()).Length);
    }

    [Fact]
    public async Task Log_whose_last_record_is_damaged_is_fenced_and_shows_it()
    {
        await using BucketWal wal = await OpenAsync(_store, Options(Owner));
        await wal.AppendAsync(1);
        await wal.AppendAsync(2);
        string last = _store.Keys.Last(key => IsSlot(new ObjectKey(key)));
        _store.Damage(last, bytes => [.. bytes[..^1], (byte)(bytes[^1] ^ 4)]);

        await FenceAsync();

        long[] read = await ReadAsync();
        Assert.Equal([1, 2], read);
    }

    [Fact]
    public async Task Log_that_is_gone_is_Corrupt()
    {
        await FailsAsync(StorageErrorKind.Corrupt, () => FenceAsync());
        await FailsAsync(StorageErrorKind.Corrupt, ReadAsync);
    }

    [Fact]
    public async Task Later_start_of_the_node_is_not_met_by_a_fence_of_earlier_ones()
    {
        await using BucketWal next = await OpenAsync(_store, Options(Owner + 2));
        await FenceAsync();

        await next.AppendAsync(1);
    }

    [Fact]
    public async Task Slots_that_were_read_ahead_are_not_read_again_and_those_that_came_after_are()
    {
        await using BucketWal wal = await OpenAsync(_store, Options(Owner));
        await AppendAsync(wal, 1, 20);
        SlotsAhead ahead = new(1 << 20);
        await FencedBucketWal.ReadAheadAsync(_store, Prefix, ahead, default);
        int before = Slots();
        Assert.Equal(before, ahead.Count);
        await AppendAsync(wal, 21, 25);
        await FenceAsync();
        List<string> gets = [];
        FaultyObjectStore counted = new(_store, (request, key, _) =>
        {
            if (request == StoreRequest.Get && IsSlot(key))
            {
                gets.Add(key.Value);
            }

            return Fault.None;
        });

        long[] read = await ReadAsync(counted, ahead);

        Assert.Equal(Enumerable.Range(1, 25).Select(i => (long)i), read);
        Assert.Equal(Slots() - before, gets.Count);
        Assert.Equal(read, await ReadAsync(counted, ahead));
        Assert.Equal(Slots() - before, gets.Count);
    }

    [Fact]
    public async Task T2_what_was_trimmed_after_it_was_read_ahead_is_not_read()
    {
        await using BucketWal wal = await OpenAsync(_store, Options(Owner));
        await AppendAsync(wal, 1, 20);
        SlotsAhead ahead = new(1 << 20);
        await FencedBucketWal.ReadAheadAsync(_store, Prefix, ahead, default);
        await wal.TrimAsync(new WalPosition(12), default);
        await FenceAsync();

        long[] read = await ReadAsync(_store, ahead);
        Assert.Equal(await ReadAsync(), read);
        Assert.Equal(20, read[^1]);
    }

    [Fact]
    public async Task Log_that_is_longer_than_what_may_be_read_ahead_is_read_to_its_end()
    {
        await using BucketWal wal = await OpenAsync(_store, Options(Owner));
        await AppendAsync(wal, 1, 100);
        SlotsAhead ahead = new(2_000);
        await FencedBucketWal.ReadAheadAsync(_store, Prefix, ahead, default);
        await FenceAsync();

        Assert.True(ahead.IsFull);
        Assert.InRange(ahead.Count, 1, 50);
        Assert.Equal(Enumerable.Range(1, 100).Select(i => (long)i), await ReadAsync(_store, ahead));
    }

    [Fact]
    public async Task Slot_that_came_over_damaged_while_it_was_read_ahead_is_read_again()
    {
        await using BucketWal wal = await OpenAsync(_store, Options(Owner));
        await AppendAsync(wal, 1, 3);
        string last = _store.Keys.Last(key => IsSlot(new ObjectKey(key)));
        SlotsAhead ahead = new(1 << 20);
        _store.Damage(last, Flip);
        await FencedBucketWal.ReadAheadAsync(_store, Prefix, ahead, default);
        _store.Damage(last, Flip);
        int before = Slots();
        await FenceAsync();

        Assert.Equal(before - 1, ahead.Count);
        List<string?> damages = [];
        await foreach (WalRecoveredRecord record in FencedBucketWal.ReadAsync(_store, Prefix, ahead, default))
        {
            damages.Add(record.Damage);
        }

        Assert.Equal([null, null, null], damages);

        static byte[] Flip(byte[] bytes) => [.. bytes[..^1], (byte)(bytes[^1] ^ 4)];
    }

    // Appends are on their way while it is fenced, at each possible moment.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task T1_T2_what_is_acknowledged_while_the_log_is_fenced_is_read_and_nothing_is_after(int seed)
    {
        for (int round = 0; round < 50; round++)
        {
            InMemoryObjectStore bucket = new();
            BucketWal wal = await OpenAsync(bucket, Options(Owner, TimeProvider.System));
            Task<WalPosition>[] appends = [.. Enumerable.Range(1, 40).Select(i => AppendLaterAsync(wal, i, new Random((seed * 1000) + i)))];
            await Task.Delay(TimeSpan.FromTicks(new Random((seed * 100) + round).Next(20_000)));
            await FencedBucketWal.FenceAsync(bucket, Prefix, Owner, TimeProvider.System, new SystemIdSource(), default);
            HashSet<int> acknowledgedBefore = [.. Enumerable.Range(1, 40).Where(i => appends[i - 1].IsCompletedSuccessfully)];
            HashSet<long> read = [.. await ReadAsync(bucket)];

            await Task.WhenAll(appends.Select(append => append.ContinueWith(_ => { }, TaskScheduler.Default)));
            Assert.All(acknowledgedBefore, i => Assert.Contains(i, read));
            Assert.All(Enumerable.Range(1, 40).Where(i => appends[i - 1].IsCompletedSuccessfully), i => Assert.Contains(i, read));
            Assert.Equal(read, [.. await ReadAsync(bucket)]);
        }
    }

    private static async Task AppendAsync(BucketWal wal, int first, int last)
    {
        for (int number = first; number <= last; number++)
        {
            await wal.AppendAsync(number);
        }
    }

    private static async Task<WalPosition> AppendLaterAsync(BucketWal wal, int number, Random random)
    {
        await Task.Delay(TimeSpan.FromTicks(random.Next(20_000)));
        return await wal.AppendAsync(number);
    }

    private int Slots() => _store.Keys.Count(key => IsSlot(new ObjectKey(key)));

    private Task FenceAsync() => FencedBucketWal.FenceAsync(_store, Prefix, Owner, new JumpingTime(), new SystemIdSource(), default).AsTask();

    private Task<long[]> ReadAsync() => ReadAsync(_store);

    private static async Task<long[]> ReadAsync(IObjectStore store, SlotsAhead? ahead = null)
    {
        List<long> numbers = [];
        await foreach (WalRecoveredRecord record in FencedBucketWal.ReadAsync(store, Prefix, ahead, default))
        {
            numbers.Add(record.Record.BaseOffset.Value);
        }

        return [.. numbers];
    }
}
