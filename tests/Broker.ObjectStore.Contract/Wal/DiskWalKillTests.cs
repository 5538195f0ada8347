using System.Diagnostics;
using System.Globalization;
using Broker.ObjectStore.Wal;
using Xunit.Abstractions;

namespace Broker.ObjectStore.Contract.Wal;

/// <summary>A real process appends to a real folder and is killed with SIGKILL at random moments, again and again.</summary>
public sealed class DiskWalKillTests(ITestOutputHelper output) : IDisposable
{
    private const int Rounds = 8;
    private readonly string _folder = Directory.CreateTempSubdirectory("wal-kill-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Everything_acknowledged_is_recovered_in_order_when_the_writer_is_killed()
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        long acknowledged = 0;
        for (int round = 0; round < Rounds; round++)
        {
            acknowledged = await AppendUntilKilledAsync(random.Next(1, 400), acknowledged, seed + round);
            await using DiskWal log = await WalAppender.OpenAsync(_folder, seed + 100 + round);
            List<int> recovered = await DiskWalCrashTests.RecoverAsync(log);
            Assert.NotEmpty(recovered);
            Assert.True(recovered[^1] >= acknowledged, $"{acknowledged} was acknowledged, {recovered[^1]} is the last recovered");
            Assert.Equal(Enumerable.Range(recovered[0], recovered.Count), recovered);
            acknowledged = recovered[^1];
        }

        Assert.True(acknowledged > Rounds);
    }

    [Fact]
    public async Task Second_process_on_the_folder_is_refused()
    {
        await using DiskWal log = await WalAppender.OpenAsync(_folder, 1);
        using Process child = ChildMode.Start<WalAppender>(_folder, "2");
        Assert.Contains("is in use", await child.StandardOutput.ReadToEndAsync(), StringComparison.Ordinal);
        await child.WaitForExitAsync();
        Assert.Equal(1, child.ExitCode);
    }

    private async Task<long> AppendUntilKilledAsync(int acknowledgements, long acknowledged, int seed)
    {
        using Process child = ChildMode.Start<WalAppender>(_folder, seed.ToString(CultureInfo.InvariantCulture));
        for (int i = 0; i < acknowledgements; i++)
        {
            string line = await child.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("the child ended by itself");
            acknowledged = long.Parse(line, CultureInfo.InvariantCulture);
        }

        child.Kill();
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            // A line cut by the kill is no acknowledgement; a whole one ends where the next begins, so only the last may be cut.
            acknowledged = Math.Max(acknowledged, child.StandardOutput.Peek() >= 0 ? long.Parse(line, CultureInfo.InvariantCulture) : 0);
        }

        await child.WaitForExitAsync();
        return acknowledged;
    }
}

/// <summary>Recovers, then appends overlapping batches for ever, printing the last position of each acknowledged one; trims behind itself.</summary>
public sealed class WalAppender : IChildMode
{
    private const int InFlight = 8;

    public async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        int seed = int.Parse(arguments[1], CultureInfo.InvariantCulture);
        Random random = new(seed);
        try
        {
            await using DiskWal log = await OpenAsync(arguments[0], seed);
            List<int> recovered = await DiskWalCrashTests.RecoverAsync(log);
            int next = recovered.Count > 0 ? recovered[^1] + 1 : 1;
            Queue<Task<WalPosition>> appends = new();
            while (true)
            {
                while (appends.Count < InFlight)
                {
                    WalRecord[] batch = [.. Enumerable.Range(next, random.Next(1, 4)).Select(n => TestRecords.Create(n, random.Next(10, 20_000)))];
                    next += batch.Length;
                    appends.Enqueue(log.AppendAsync(batch, CancellationToken.None).AsTask());
                }

                WalPosition acknowledged = await appends.Dequeue();
                await Console.Out.WriteLineAsync(acknowledged.ToString());
                await log.TrimAsync(new WalPosition(acknowledged.Value - 100), CancellationToken.None);
            }
        }
        catch (StorageException error)
        {
            await Console.Out.WriteLineAsync(error.Message);
            return 1;
        }
    }

    internal static async Task<DiskWal> OpenAsync(string folder, int seed) => await DiskWal.OpenAsync(
        new DiskWalOptions
        {
            Folder = folder,
            NodeId = new NodeId(1),
            Random = new Random(seed),
            SegmentBytes = 1 << 20,
            CapacityBytes = 16 << 20,
        },
        CancellationToken.None);
}
