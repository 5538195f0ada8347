using Broker.ObjectStore.Wal;
using Broker.TestSupport.Simulation;

namespace Broker.ObjectStore.Contract.Wal;

/// <summary>The disk WAL beside others on one disk: what it leaves to them, and what it gives back.</summary>
public sealed class DiskWalReserveTests
{
    private const int SegmentBytes = 64 << 10;
    private const int ReserveBytes = 100 << 10;
    private const int BatchBytes = 5000;
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly SimulatedWalFileSystem _files = new();

    [Fact]
    public async Task W4_log_refuses_cleanly_rather_than_take_the_reserve_and_goes_on_when_there_is_room()
    {
        _files.DiskBytes = (2 * SegmentBytes) + ReserveBytes + 1000;
        DiskWal log = await OpenAsync(1);
        await DiskWalCrashTests.RecoverAsync(log);
        int last = await FillAsync(log, 1);
        Assert.InRange(_files.AvailableBytes(), ReserveBytes, ReserveBytes + SegmentBytes);

        WalFullException refused = await Assert.ThrowsAsync<WalFullException>(() => DiskWalCrashTests.AppendAsync(log, last + 1, 1, BatchBytes));
        Assert.Contains($"leaves {ReserveBytes} to uploads", refused.Message, StringComparison.Ordinal);

        _files.DiskBytes += SegmentBytes;
        await DiskWalCrashTests.AppendAsync(log, last + 1, 1, BatchBytes);
        await log.DisposeAsync();
        await using DiskWal again = await OpenAsync(2);
        Assert.Equal(Enumerable.Range(1, last + 1), await DiskWalCrashTests.RecoverAsync(again));
    }

    [Fact]
    public async Task Log_gives_spares_back_when_others_have_filled_the_disk()
    {
        await using DiskWal log = await OpenAsync(1);
        await DiskWalCrashTests.RecoverAsync(log);
        for (int i = 1; i <= 40; i++)
        {
            await DiskWalCrashTests.AppendAsync(log, i, 1, BatchBytes);
        }

        // Three of four segments become spares by this trim, as long as the disk has room.
        await log.TrimAsync(new WalPosition(40), None);
        Assert.Equal(3, Spares().Count());

        _files.DiskBytes = _files.DiskBytes - _files.AvailableBytes() + ReserveBytes - SegmentBytes - 1;
        await log.TrimAsync(new WalPosition(40), None);

        Assert.Single(Spares());
        Assert.True(_files.AvailableBytes() >= ReserveBytes);
    }

    [Fact]
    public async Task Log_that_is_opened_on_a_full_disk_gives_spares_back_first()
    {
        DiskWal log = await OpenAsync(1);
        await DiskWalCrashTests.RecoverAsync(log);
        for (int i = 1; i <= 40; i++)
        {
            await DiskWalCrashTests.AppendAsync(log, i, 1, BatchBytes);
        }

        await log.TrimAsync(new WalPosition(40), None);
        await log.DisposeAsync();
        _files.DiskBytes = _files.DiskBytes - _files.AvailableBytes();

        await using DiskWal again = await OpenAsync(2);

        Assert.Single(Spares());
    }

    [Fact]
    public async Task Capacity_is_what_the_disk_would_give()
    {
        await using DiskWal log = await OpenAsync(1);
        await DiskWalCrashTests.RecoverAsync(log);
        Assert.Equal(8 * SegmentBytes, log.CapacityBytes);
        await DiskWalCrashTests.AppendAsync(log, 1, 1, BatchBytes);

        _files.DiskBytes = _files.DiskBytes - _files.AvailableBytes() + ReserveBytes + 3000;
        await log.TrimAsync(WalPosition.None, None);

        Assert.Equal(SegmentBytes + 3000, log.CapacityBytes);
    }

    private IEnumerable<string> Spares() => _files.List().Where(name => SegmentNames.TryParseSpare(name, out _));

    private static async Task<int> FillAsync(DiskWal log, int next)
    {
        try
        {
            for (; ; next++)
            {
                await DiskWalCrashTests.AppendAsync(log, next, 1, BatchBytes);
            }
        }
        catch (WalFullException)
        {
            return next - 1;
        }
    }

    private ValueTask<DiskWal> OpenAsync(int seed) => DiskWal.OpenAsync(
        new DiskWalOptions
        {
            Folder = "simulated",
            NodeId = new NodeId(1),
            Random = new Random(seed),
            SegmentBytes = SegmentBytes,
            CapacityBytes = 8 * SegmentBytes,
            ReserveBytes = ReserveBytes,
            FileSystem = _files,
            Inline = true,
        },
        None);
}
