using BenchmarkDotNet.Attributes;
using Broker.ObjectStore;
using Broker.ObjectStore.Wal;

namespace Broker.Benchmarks.Storage;

/// <summary>
/// Appends to the disk WAL, synced, in a real folder (<c>WAL_BENCH_FOLDER</c>, else the temporary one: see that it is no memory disk).
/// One at a time shows the latency of a group; sixteen in flight show what group commit makes of it.
/// </summary>
[MemoryDiagnoser]
public class WalAppendBenchmarks
{
    private const int InFlight = 16;
    private readonly Task<WalPosition>[] _appends = new Task<WalPosition>[InFlight];
    private string _folder = "";
    private DiskWal _wal = null!;
    private WalRecord[] _batch = [];

    [Params(4 << 10, 64 << 10, 1 << 20)]
    public int BatchBytes { get; set; }

    [GlobalSetup]
    public async Task SetUpAsync()
    {
        string parent = Environment.GetEnvironmentVariable("WAL_BENCH_FOLDER") ?? Path.GetTempPath();
        _folder = Path.Combine(parent, $"wal-bench-{Environment.ProcessId}");
        _wal = await DiskWal.OpenAsync(
            new DiskWalOptions { Folder = _folder, NodeId = new NodeId(1), Random = new Random(1), CapacityBytes = 512L << 20 },
            CancellationToken.None);
        await foreach (WalRecoveredRecord unexpected in _wal.RecoverAsync(CancellationToken.None))
        {
            throw new InvalidOperationException($"the benchmark's folder has a record at {unexpected.Position}");
        }

        byte[] payload = new byte[BatchBytes];
        new Random(2).NextBytes(payload);
        _batch = [new WalRecord(new StreamId(1), new LeaderEpoch(0), new Offset(0), new Offset(0), -1, payload, Broker.Wire.Records.Crc32C.Compute(payload))];
        // Once round the capacity: from then on every file is a reused one, as in a broker that has run for a while.
        for (long written = 0; written < 600L << 20; written += BatchBytes * InFlight)
        {
            await AppendSixteenAtOnceAsync();
        }
    }

    [GlobalCleanup]
    public async Task CleanUpAsync()
    {
        await _wal.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(Baseline = true)]
    public async Task AppendOneAsync()
    {
        WalPosition position = await _wal.AppendAsync(_batch, CancellationToken.None);
        await _wal.TrimAsync(position, CancellationToken.None);
    }

    [Benchmark(OperationsPerInvoke = InFlight)]
    public async Task AppendSixteenAtOnceAsync()
    {
        for (int i = 0; i < InFlight; i++)
        {
            _appends[i] = _wal.AppendAsync(_batch, CancellationToken.None).AsTask();
        }

        WalPosition[] positions = await Task.WhenAll(_appends);
        await _wal.TrimAsync(positions[^1], CancellationToken.None);
    }
}
