using Broker.ObjectStore.Wal;

namespace Broker.ObjectStore.Contract.Wal;

/// <summary>What only real files can show.</summary>
public sealed class DiskWalFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("wal-files-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Group_of_more_parts_than_one_system_call_takes_is_written_whole()
    {
        const int records = 2500; // Linux takes 1024 parts a call
        await using (DiskWal log = await WalAppender.OpenAsync(_folder, 1))
        {
            Assert.Empty(await DiskWalCrashTests.RecoverAsync(log));
            await DiskWalCrashTests.AppendAsync(log, 1, records, 5000);
        }

        await using DiskWal again = await WalAppender.OpenAsync(_folder, 2);
        Assert.Equal(Enumerable.Range(1, records), await DiskWalCrashTests.RecoverAsync(again));
    }

    [Fact]
    public async Task Disposed_log_writes_what_was_queued_and_refuses_more()
    {
        DiskWal log = await WalAppender.OpenAsync(_folder, 1);
        await DiskWalCrashTests.RecoverAsync(log);
        Task<WalPosition>[] appends =
            [.. Enumerable.Range(1, 50).Select(i => log.AppendAsync([TestRecords.Create(i, 100)], CancellationToken.None).AsTask())];
        await log.DisposeAsync();
        await Task.WhenAll(appends);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => DiskWalCrashTests.AppendAsync(log, 51, 1, 10));
        await using DiskWal again = await WalAppender.OpenAsync(_folder, 2);
        Assert.Equal(Enumerable.Range(1, 50), await DiskWalCrashTests.RecoverAsync(again));
    }
}
