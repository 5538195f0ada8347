using Broker.ObjectStore.Wal;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;
using Xunit.Abstractions;
using static Broker.ObjectStore.Unit.Wal.BucketWalFixture;

namespace Broker.ObjectStore.Unit.Wal;

/// <summary>
/// Owners of one bucket WAL follow each other, also while the one before still works, append, trim and crash, with requests refused, lost, late
/// and reordered, in interleavings chosen by a seed. What each was told is held against what recoveries show: W1 to W6, B4 to B7.
/// </summary>
public sealed class BucketWalSimulation(ITestOutputHelper output)
{
    private const int Owners = 4;

    [Fact]
    public void Every_history_keeps_the_guarantees()
    {
        const int Seeds = 2000;
        int firstSeed = Environment.TickCount & 0xFFFFF;
        output.WriteLine($"seeds {firstSeed} to {firstSeed + Seeds - 1}");
        WalHistory.Totals totals = new();
        for (int seed = firstSeed; seed < firstSeed + Seeds; seed++)
        {
            try
            {
                Run(seed, totals);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed}: {error.Message}", error);
            }
        }

        output.WriteLine($"{totals}");
        Assert.True(totals.Acknowledged > Seeds * 10 && totals.Failed > Seeds && totals.Refused > Seeds / 10 && totals.Recoveries > Seeds * 2 && totals.Trims > Seeds);
    }

    [Fact]
    public void A_seed_replays_to_the_step()
    {
        for (int seed = 1; seed <= 10; seed++)
        {
            WalHistory.Totals once = new();
            WalHistory.Totals twice = new();
            Assert.Equal(Run(seed, once), Run(seed, twice));
            Assert.Equal(once, twice);
        }
    }

    private static long Run(int seed, WalHistory.Totals totals) => SimulationContext.Run(seed, async random =>
    {
        JumpingTime time = new();
        InMemoryObjectStore store = new(time);
        WalHistory history = new();
        List<FaultyObjectStore> clients = [];
        int faultsPerThousand = random.Next(0, 40);
        List<Task> owners = [];
        for (int owner = 1; owner <= Owners; owner++)
        {
            FaultyObjectStore faulty = new(store, (_, _, _) => random.Next(1000) >= faultsPerThousand ? Fault.None : (Fault)random.Next(1, 7));
            clients.Add(faulty);
            YieldingObjectStore client = new(faulty, () => random.Next(25) == 0 ? random.Next(600) : 1);
            BucketWalOptions options = Options(owner, time) with
            {
                CapacityBytes = random.Next(500, random.Next(2) == 0 ? 4000 : 100_000),
                MaxBatchBytes = random.Next(100, 500),
                MaxInFlight = random.Next(1, 5),
                MaxPutsPerSecond = random.Next(0, 3) * 20,
                MaxLinger = TimeSpan.FromMilliseconds(random.Next(0, 20)),
                Ids = new SeededIdSource((seed * Owners) + owner),
                JitterSeed = seed,
            };
            owners.Add(new SimulatedOwner(owner, client, faulty, options, history, random).RunAsync());

            // The one before has ended, or works on as a zombie.
            await (random.Next(2) == 0 ? owners[^1] : YieldAsync(random.Next(2000)));
            await clients[random.Next(clients.Count)].DeliverLateAsync();
        }

        await Task.WhenAll(owners);
        foreach (FaultyObjectStore client in clients)
        {
            await client.DeliverLateAsync();
        }

        BucketWal final = new(store, Options(Owners + 1, time) with { Ids = new SeededIdSource(-seed) });
        history.Recovered(Owners + 1, history.Begin(), await RecoverAsync(final));
        history.Count(totals);
    });

    private static async Task YieldAsync(int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            await Task.Yield();
        }
    }
}

/// <summary>One run of a node: recovers, then appends and trims until it has done its work, is followed, or dies.</summary>
internal sealed class SimulatedOwner(
    int number, IObjectStore client, FaultyObjectStore process, BucketWalOptions options, WalHistory history, Random random)
{
    private int _next;

    internal async Task RunAsync()
    {
        ReopeningWal wal = new(Open(), _ => ValueTask.FromResult<IWriteAheadLog>(Open()), options.Time);
        try
        {
            WalHistory.View before = history.Begin();
            history.Recovered(number, before, await RecoverAsync(wal));
            for (int round = random.Next(1, 8); round > 0 && !process.HasCrashed; round--)
            {
                List<Task> appends = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => AppendAsync(wal))];
                if (random.Next(2) == 0)
                {
                    await TrimAsync(wal);
                }

                await Task.WhenAll(appends);
            }

            if (random.Next(2) == 0)
            {
                await wal.DisposeAsync();
            }
        }
        catch (Exception error) when (error is StorageException { Kind: StorageErrorKind.Unavailable or StorageErrorKind.Fenced } or SimulatedCrashException)
        {
            // A start that failed, as one on a failing store may.
        }
    }

    private BucketWal Open() => new(client, options);

    private async Task AppendAsync(ReopeningWal wal)
    {
        int first = (number * 10_000) + _next;
        int count = random.Next(1, 4);
        _next += count;
        long[] numbers = [.. Enumerable.Range(first, count)];
        history.Calling(numbers);
        try
        {
            WalPosition last = await wal.AppendAsync([.. numbers.Select(one => Record(one, random.Next(10, 60)))], default);
            history.Acknowledged(number, numbers, last.Value);
        }
        catch (StorageException error)
        {
            Assert.NotEqual(StorageErrorKind.Corrupt, error.Kind);
            history.Failed(numbers, error);
        }
        catch (SimulatedCrashException)
        {
            // Nobody is left to be told.
        }
    }

    private async Task TrimAsync(ReopeningWal wal)
    {
        WalPosition upTo = new(history.PickTrim(number, random));
        try
        {
            await wal.TrimAsync(upTo, default);
        }
        catch (Exception error) when (error is StorageException { Kind: not StorageErrorKind.Corrupt } or SimulatedCrashException)
        {
            // Trimmed later, or by the next owner.
        }
    }
}
