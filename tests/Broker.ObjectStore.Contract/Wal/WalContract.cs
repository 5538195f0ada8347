using Broker.ObjectStore.Wal;

namespace Broker.ObjectStore.Contract.Wal;

/// <summary>
/// What every <see cref="IWriteAheadLog"/> passes; the W numbers are its guarantees. A subclass opens its log over a place that survives
/// the log's end.
/// </summary>
public abstract class WalContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>Opens the log at the test's place; the last one there was disposed, or abandoned by <see cref="CrashAsync"/>.</summary>
    protected abstract ValueTask<IWriteAheadLog> OpenAsync();

    /// <summary>Ends a log as a killed process would, in a way that its place can be opened again.</summary>
    protected abstract ValueTask CrashAsync(IWriteAheadLog log);

    /// <summary>Small enough that the capacity is reached within a test.</summary>
    protected abstract int PayloadBytes { get; }

    [SkippableFact]
    public async Task Log_returns_everything_in_order_after_a_restart()
    {
        IWriteAheadLog log = await OpenRecoveredAsync([]);
        await AppendAsync(log, 1, 10);
        await AppendAsync(log, 11, 1);
        await log.DisposeAsync();
        await using IWriteAheadLog again = await OpenRecoveredAsync(Range(1, 11));
        Assert.Equal(12, await AppendAsync(again, 12, 1));
    }

    [SkippableFact]
    public async Task Log_returns_what_was_acknowledged_after_a_crash()
    {
        for (int round = 0, next = 1; round < 5; round++, next += 2)
        {
            IWriteAheadLog log = await OpenRecoveredAsync(Range(1, next - 1));
            Assert.Equal(next + 1, await AppendAsync(log, next, 2));
            await CrashAsync(log);
        }
    }

    [SkippableFact]
    public async Task Appends_that_overlap_complete_with_positions_in_call_order()
    {
        IWriteAheadLog log = await OpenRecoveredAsync([]);
        List<Task<WalPosition>> appends = [];
        for (int i = 1; i <= 200; i++)
        {
            appends.Add(log.AppendAsync([TestRecords.Create(i, PayloadBytes / 20)], None).AsTask());
        }

        WalPosition[] positions = await Task.WhenAll(appends);
        Assert.Equal(Range(1, 200), positions.Select(position => (int)position.Value));
        await log.DisposeAsync();
        await using IWriteAheadLog again = await OpenRecoveredAsync(Range(1, 200));
    }

    [SkippableFact]
    public async Task W6_trimmed_records_may_come_back_but_untrimmed_ones_always_do()
    {
        IWriteAheadLog log = await OpenRecoveredAsync([]);
        for (int i = 1; i <= 12; i++)
        {
            await AppendAsync(log, i, 1);
        }

        await log.TrimAsync(new WalPosition(7), None);
        await log.DisposeAsync();
        await using IWriteAheadLog again = await OpenAsync();
        List<int> recovered = await RecoverAsync(again);
        Assert.Equal(Range(8, 5), recovered.Where(number => number > 7));
        Assert.Equal(Range(recovered[0], 13 - recovered[0]), recovered);
    }

    [SkippableFact]
    public async Task Positions_go_on_after_everything_was_trimmed()
    {
        for (int round = 0, next = 1; round < 6; round++, next += 3)
        {
            await using IWriteAheadLog log = await OpenAsync();
            await RecoverAsync(log);
            Assert.Equal(next + 2, await AppendAsync(log, next, 3));
            await log.TrimAsync(new WalPosition(next + 2), None);
        }
    }

    [SkippableFact]
    public async Task W4_full_log_refuses_keeps_what_it_has_and_goes_on_after_a_trim()
    {
        IWriteAheadLog log = await OpenRecoveredAsync([]);
        int acknowledged = await FillAsync(log, 1);
        Assert.InRange(log.UsedBytes, 1, log.CapacityBytes);
        await log.TrimAsync(new WalPosition(acknowledged - 1), None);
        int more = await FillAsync(log, acknowledged + 1);
        Assert.True(more > acknowledged + 1, $"only {more - acknowledged} appends fitted after the trim");
        await CrashAsync(log);

        await using IWriteAheadLog again = await OpenAsync();
        List<int> recovered = await RecoverAsync(again);
        Assert.Equal(Range(recovered[0], more - recovered[0] + 1), recovered);
        Assert.True(recovered[0] <= acknowledged);
    }

    [SkippableFact]
    public async Task Log_goes_round_many_times_under_trim_and_restart()
    {
        int next = 1;
        for (int round = 0; round < 12; round++)
        {
            IWriteAheadLog log = await OpenAsync();
            List<int> recovered = await RecoverAsync(log);
            Assert.Equal(next - 1, recovered.LastOrDefault(next - 1));
            int last = await FillAsync(log, next);
            Assert.True(last >= next);
            await log.TrimAsync(new WalPosition(last - 2), None);
            next = last + 1;
            await (round % 2 == 0 ? CrashAsync(log) : log.DisposeAsync());
        }
    }

    [SkippableFact]
    public async Task Log_refuses_misuse_with_clear_errors()
    {
        await using IWriteAheadLog log = await OpenAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await AppendAsync(log, 1, 1));
        await RecoverAsync(log);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await RecoverAsync(log));
        await Assert.ThrowsAsync<ArgumentException>(async () => await log.AppendAsync([], None));
        WalRecord backwards = TestRecords.Create(1, 1) with { LastOffset = new Offset(-1) };
        await Assert.ThrowsAsync<ArgumentException>(async () => await log.AppendAsync([backwards], None));
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(
            async () => await log.AppendAsync([TestRecords.Create(1, 1)], cancelled.Token));
        Assert.Equal(1, await AppendAsync(log, 1, 1));
    }

    protected static IEnumerable<int> Range(int start, int count) => Enumerable.Range(start, count);

    protected async Task<int> AppendAsync(IWriteAheadLog log, int first, int count)
    {
        WalRecord[] batch = [.. Range(first, count).Select(number => TestRecords.Create(number, PayloadBytes))];
        return (int)(await log.AppendAsync(batch, None)).Value;
    }

    protected static async Task<List<int>> RecoverAsync(IWriteAheadLog log)
    {
        List<int> numbers = [];
        await foreach (WalRecoveredRecord recovered in log.RecoverAsync(None))
        {
            numbers.Add(TestRecords.Verify(recovered));
        }

        return numbers;
    }

    protected async Task<IWriteAheadLog> OpenRecoveredAsync(IEnumerable<int> expected)
    {
        IWriteAheadLog log = await OpenAsync();
        Assert.Equal(expected, await RecoverAsync(log));
        return log;
    }

    /// <summary>Appends from <paramref name="next"/> on until the log is full; the last number that it took.</summary>
    private async Task<int> FillAsync(IWriteAheadLog log, int next)
    {
        while (true)
        {
            try
            {
                Assert.Equal(next, await AppendAsync(log, next, 1));
            }
            catch (WalFullException)
            {
                return next - 1;
            }

            next++;
        }
    }
}
