using Broker.ObjectStore.Wal;
using Broker.TestSupport.Simulation;

namespace Broker.ObjectStore.Contract.Wal;

/// <summary>The contract over real files and the log's own thread.</summary>
public sealed class DiskWalContractTests : WalContract, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("wal-contract-").FullName;
    private int _seed = 1;

    protected override int PayloadBytes => 5000;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    protected override async ValueTask<IWriteAheadLog> OpenAsync() => await DiskWal.OpenAsync(
        new DiskWalOptions
        {
            Folder = _folder,
            NodeId = new NodeId(1),
            Random = new Random(_seed++),
            SegmentBytes = 128 << 10,
            CapacityBytes = 4 * (128 << 10),
        },
        CancellationToken.None);

    // Within one process a crash is an end without trim; real kills are in DiskWalKillTests, simulated ones in DiskWalCrashTests.
    protected override ValueTask CrashAsync(IWriteAheadLog log) => log.DisposeAsync();
}

/// <summary>The contract over simulated files that lose what was not synced.</summary>
public sealed class SimulatedDiskWalContractTests : WalContract
{
    private readonly SimulatedWalFileSystem _files = new();
    private readonly Random _random = new(20);
    private int _seed = 1;

    protected override int PayloadBytes => 5000;

    protected override async ValueTask<IWriteAheadLog> OpenAsync() => await DiskWal.OpenAsync(
        new DiskWalOptions
        {
            Folder = "simulated",
            NodeId = new NodeId(1),
            Random = new Random(_seed++),
            SegmentBytes = 64 << 10,
            CapacityBytes = 4 * (64 << 10),
            FileSystem = _files,
            Inline = true,
        },
        CancellationToken.None);

    protected override ValueTask CrashAsync(IWriteAheadLog log)
    {
        _files.LosePower(_random);
        return ValueTask.CompletedTask;
    }
}
