using Broker.ObjectStore.Wal;
using Broker.TestSupport.Simulation;

namespace Broker.ObjectStore.Contract.Wal;

/// <summary>The contract, and what follows a failed sync.</summary>
public sealed class ReopeningWalTests : WalContract
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly SimulatedWalFileSystem _files = new();
    private readonly JumpingTime _time = new();
    private int _opened;

    protected override int PayloadBytes => 5000;

    protected override ValueTask<IWriteAheadLog> OpenAsync() => OpenAsync(_files);

    protected override ValueTask CrashAsync(IWriteAheadLog log)
    {
        _files.LosePower(new Random(1));
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Log_goes_on_after_a_failed_sync_and_keeps_what_was_acknowledged_W1()
    {
        IWriteAheadLog log = await OpenRecoveredAsync([]);
        Assert.Equal(2, await AppendAsync(log, 1, 2));
        _files.SyncFails = true;
        await Assert.ThrowsAsync<StorageException>(() => AppendAsync(log, 3, 1));
        _files.SyncFails = false;

        // What failed may be there: the next record comes behind it.
        Assert.Equal(4, await AppendAsync(log, 4, 1));

        _files.LosePower(new Random(2));
        await using IWriteAheadLog again = await OpenRecoveredAsync([1, 2, 3, 4]);
    }

    [Fact]
    public async Task Log_that_cannot_be_opened_anew_fails_its_appends_and_is_tried_again_after_a_pause()
    {
        IWriteAheadLog log = await OpenRecoveredAsync([]);
        await AppendAsync(log, 1, 1);
        _files.SyncFails = true;
        await Assert.ThrowsAsync<StorageException>(() => AppendAsync(log, 2, 1));
        await Assert.ThrowsAsync<StorageException>(() => AppendAsync(log, 2, 1));
        int opened = _opened;
        _files.SyncFails = false;

        StorageException soon = await Assert.ThrowsAsync<StorageException>(() => AppendAsync(log, 2, 1));
        Assert.Contains("opened again in", soon.Message, StringComparison.Ordinal);
        Assert.Equal(opened, _opened);
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(3, await AppendAsync(log, 3, 1));
    }

    [Fact]
    public async Task Log_that_comes_back_without_acknowledged_records_is_not_used_W5()
    {
        SimulatedWalFileSystem files = _files;
        await using IWriteAheadLog log = new ReopeningWal(await OpenDiskAsync(files), async _ => await OpenDiskAsync(files), _time);
        await RecoverAsync(log);
        await AppendAsync(log, 1, 2);
        files.SyncFails = true;
        await Assert.ThrowsAsync<StorageException>(() => AppendAsync(log, 3, 1));

        // As when the disk is gone and an empty folder is in its place.
        files = new SimulatedWalFileSystem();

        StorageException lost = await Assert.ThrowsAsync<StorageException>(() => AppendAsync(log, 3, 1));
        Assert.Equal(StorageErrorKind.Corrupt, lost.Kind);
        _time.Advance(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<StorageException>(() => AppendAsync(log, 3, 1));
    }

    [Fact]
    public async Task Appends_that_wait_for_a_log_to_be_opened_anew_keep_the_order_of_their_calls_W2()
    {
        const int Appends = 10;
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using IWriteAheadLog log = new ReopeningWal(
            await OpenDiskAsync(_files),
            async _ =>
            {
                await gate.Task;
                return await OpenDiskAsync(_files);
            },
            _time);
        await RecoverAsync(log);
        _files.SyncFails = true;
        await Assert.ThrowsAsync<StorageException>(() => AppendAsync(log, 1, 1));
        _files.SyncFails = false;

        List<Task<int>> appends = [.. Range(2, Appends).Select(number => AppendAsync(log, number, 1))];
        Assert.All(appends, append => Assert.False(append.IsCompleted));
        gate.SetResult();
        appends.AddRange(Range(2 + Appends, Appends).Select(number => AppendAsync(log, number, 1)));

        int[] positions = await Task.WhenAll(appends);
        Assert.Equal(Range(positions[0], 2 * Appends), positions);
    }

    [Fact]
    public async Task Append_waits_no_longer_than_a_client_for_a_log_that_is_long_in_opening_and_a_later_one_gets_it()
    {
        SteppedTime time = new();
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int opened = 0;
        await using IWriteAheadLog log = new ReopeningWal(
            await OpenDiskAsync(_files),
            async _ =>
            {
                opened++;
                await gate.Task;
                return await OpenDiskAsync(_files);
            },
            time);
        await RecoverAsync(log);
        await AppendAsync(log, 1, 1);
        _files.SyncFails = true;
        await Assert.ThrowsAsync<StorageException>(() => AppendAsync(log, 2, 1));
        _files.SyncFails = false;

        Task<int> first = AppendAsync(log, 3, 1);
        time.Advance(TimeSpan.FromSeconds(15));
        Task<int> second = AppendAsync(log, 4, 1);
        time.Advance(TimeSpan.FromSeconds(5));

        Assert.Contains("being opened again", (await Assert.ThrowsAsync<StorageException>(() => first)).Message, StringComparison.Ordinal);
        Assert.False(second.IsCompleted);
        gate.SetResult();
        int position = await second;
        Assert.Equal(position + 1, await AppendAsync(log, 5, 1));
        Assert.Equal(1, opened);
    }

    [Fact]
    public async Task Appends_that_waited_for_a_try_to_open_the_log_that_failed_do_not_each_wait_for_another()
    {
        TaskCompletionSource<IWriteAheadLog> gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int opened = 0;
        await using IWriteAheadLog log = new ReopeningWal(
            await OpenDiskAsync(_files),
            _ =>
            {
                opened++;
                return new ValueTask<IWriteAheadLog>(gate.Task);
            },
            _time);
        await RecoverAsync(log);
        _files.SyncFails = true;
        await Assert.ThrowsAsync<StorageException>(() => AppendAsync(log, 1, 1));

        List<Task<int>> appends = [.. Range(2, 5).Select(number => AppendAsync(log, number, 1))];
        _time.Advance(TimeSpan.FromSeconds(15));
        gate.SetException(new StorageException(StorageErrorKind.Unavailable, "the store is away"));

        foreach (Task<int> append in appends)
        {
            await Assert.ThrowsAsync<StorageException>(() => append);
        }

        Assert.Equal(1, opened);
    }

    [Fact]
    public async Task Log_that_another_owner_has_is_not_opened_again()
    {
        int reopened = 0;
        await using IWriteAheadLog log = new ReopeningWal(
            new FencedWal(),
            _ =>
            {
                reopened++;
                return ValueTask.FromResult<IWriteAheadLog>(new FencedWal());
            },
            _time);
        for (int i = 0; i < 3; i++)
        {
            StorageException fenced = await Assert.ThrowsAsync<StorageException>(() => AppendAsync(log, 1, 1));
            Assert.Equal(StorageErrorKind.Fenced, fenced.Kind);
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(0, reopened);
    }

    [Fact]
    public async Task Log_of_which_everything_was_trimmed_goes_on_after_a_failed_sync_W6()
    {
        IWriteAheadLog log = await OpenRecoveredAsync([]);
        for (int i = 1; i <= 30; i++)
        {
            await AppendAsync(log, i, 1);
            await log.TrimAsync(new WalPosition(i), None);
        }

        _files.SyncFails = true;
        await Assert.ThrowsAsync<StorageException>(() => AppendAsync(log, 31, 1));
        _files.SyncFails = false;

        Assert.InRange(await AppendAsync(log, 31, 1), 31, 32);
    }

    private async ValueTask<IWriteAheadLog> OpenAsync(SimulatedWalFileSystem files) =>
        new ReopeningWal(await OpenDiskAsync(files), async _ => await OpenDiskAsync(files), _time);

    private async ValueTask<IWriteAheadLog> OpenDiskAsync(SimulatedWalFileSystem files) => await DiskWalCrashTests.OpenAsync(files, ++_opened);

    private sealed class FencedWal : IWriteAheadLog
    {
        public long CapacityBytes => 1;

        public long UsedBytes => 0;

        public long SlotsWritten => 0;

        public IAsyncEnumerable<WalRecoveredRecord> RecoverAsync(CancellationToken ct) => AsyncEnumerable.Empty<WalRecoveredRecord>();

        public ValueTask<WalPosition> AppendAsync(IReadOnlyList<WalRecord> batch, CancellationToken ct) =>
            throw new StorageException(StorageErrorKind.Fenced, "another owner has the log");

        public ValueTask TrimAsync(WalPosition upTo, CancellationToken ct) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
