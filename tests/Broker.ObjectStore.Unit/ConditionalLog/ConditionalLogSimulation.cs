using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;
using Xunit.Abstractions;
using static Broker.ObjectStore.Unit.ConditionalLogs.LogFixture;

namespace Broker.ObjectStore.Unit.ConditionalLogs;

/// <summary>
/// Several writers open, append, trim and crash on one log, with requests refused, lost, late and reordered, in interleavings chosen by
/// a seed. What each was told is then held against what the log says: G1 to G8.
/// </summary>
public sealed class ConditionalLogSimulation(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Every_history_keeps_the_guarantees(int maxInFlight)
    {
        const int Seeds = 400;
        int firstSeed = Environment.TickCount & 0xFFFFF;
        output.WriteLine($"seeds {firstSeed} to {firstSeed + Seeds - 1}");
        Totals totals = new();
        for (int seed = firstSeed; seed < firstSeed + Seeds; seed++)
        {
            try
            {
                Run(seed, maxInFlight, totals);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed}, {maxInFlight} in flight: {error.Message}", error);
            }
        }

        output.WriteLine($"{totals.Acknowledged} acknowledged, {totals.Failed} failed or in doubt, {totals.Openings} openings, {totals.Trims} trims");
        Assert.True(totals.Acknowledged > Seeds && totals.Failed > Seeds / 4 && totals.Openings > Seeds * 2 && totals.Trims > Seeds / 10);
    }

    // A reader that began below the boundary took a late fence in a slot that was free again for the owner's entry there, and what followed for void.
    [Theory]
    [InlineData(690634, 1)]
    public void History_that_once_failed_keeps_the_guarantees(int seed, int maxInFlight) => Run(seed, maxInFlight, new Totals());

    [Fact]
    public void A_seed_replays_to_the_step()
    {
        for (int seed = 1; seed <= 5; seed++)
        {
            Totals once = new();
            Totals twice = new();
            Assert.Equal(Run(seed, 3, once), Run(seed, 3, twice));
            Assert.Equal(once, twice);
        }
    }

    private static long Run(int seed, int maxInFlight, Totals totals) => SimulationContext.Run(seed, async random =>
    {
        History history = new();
        InMemoryObjectStore store = new();
        List<FaultyObjectStore> clients = [];
        Task[] nodes = [.. Enumerable.Range(0, 4).Select(node => RunNodeAsync(node, seed, maxInFlight, store, clients, history, random))];
        await Task.WhenAll(nodes);
        foreach (FaultyObjectStore client in clients)
        {
            await client.DeliverLateAsync();
        }

        (_, List<LogEntry> final) = await OpenAsync(store, Options(-seed, maxInFlight));
        long boundary = (await LogReader.FindStartAsync(store, Prefix, default))!.Value.NextSlot;
        history.Check(final, boundary);
        totals.Acknowledged += history.Acknowledged.Count;
        totals.Failed += history.Attempted - history.Acknowledged.Count;
        totals.Openings += history.Openings;
        totals.Trims += history.Trims;
    });

    private static async Task RunNodeAsync(
        int node, int seed, int maxInFlight, InMemoryObjectStore store, List<FaultyObjectStore> clients, History history, Random random)
    {
        int faultsPerThousand = random.Next(0, 60);
        FaultyObjectStore faulty = new(store, (request, _, _) => random.Next(1000) >= faultsPerThousand ? Fault.None : (Fault)random.Next(1, 7));
        clients.Add(faulty);

        // Most requests take a step or two; some are stuck while the world goes on.
        YieldingObjectStore client = new(faulty, () => random.Next(25) == 0 ? random.Next(600) : 1);
        for (int life = 0; life < 4 && !faulty.HasCrashed; life++)
        {
            if (random.Next(2) == 0)
            {
                // What someone sent long ago arrives now.
                await clients[random.Next(clients.Count)].DeliverLateAsync();
            }

            try
            {
                ConditionalLogOptions options = Options((seed * 100) + (node * 10) + life, maxInFlight) with { ResolveTimeout = TimeSpan.FromSeconds(2) };
                HashSet<string> before = [.. history.Acknowledged.Keys];
                (ConditionalLog log, List<LogEntry> replay) = await OpenAsync(client, options);
                history.Opened(before, replay);
                await AppendAsync(log, $"{node}.{life}", history, random);
                if (random.Next(3) == 0 && log.Tail.NextSlot > 0)
                {
                    LogPosition first = random.Next(2) == 0 && replay.Count > 0 ? replay[random.Next(replay.Count)].Next : log.Tail;
                    history.Trimming(first.NextSlot, replay, $"{node}.{life}");
                    await log.TrimAsync(first, default);
                    history.Trims++;
                }
            }
            catch (StorageException error)
            {
                Assert.NotEqual(StorageErrorKind.Corrupt, error.Kind);
            }
            catch (SimulatedCrashException)
            {
                return;
            }
        }
    }

    private static async Task AppendAsync(ConditionalLog log, string writer, History history, Random random)
    {
        List<Task> appends = [];
        int count = random.Next(1, 12);
        for (int number = 0; number < count && log.Failure is null; number++)
        {
            appends.Add(AppendOneAsync(log, writer, number, history));
            if (random.Next(3) == 0)
            {
                await Task.Yield();
            }

            if (random.Next(6) == 0)
            {
                await Task.WhenAll(appends);
            }
        }

        await Task.WhenAll(appends);
    }

    private static async Task AppendOneAsync(ConditionalLog log, string writer, int number, History history)
    {
        string text = $"{writer}:{number}";
        history.Attempted++;
        try
        {
            long slot = await log.AppendAsync(text);
            history.Acknowledge(text, slot);
        }
        catch (StorageException error)
        {
            if (error.Kind == StorageErrorKind.Fenced)
            {
                history.NeverWritten.Add(text);
            }
        }
    }

    private sealed record Totals
    {
        internal int Acknowledged { get; set; }

        internal int Failed { get; set; }

        internal int Openings { get; set; }

        internal int Trims { get; set; }
    }

    /// <summary>What writers were told.</summary>
    private sealed class History
    {
        private readonly Dictionary<long, string> _seen = [];
        private readonly HashSet<string> _covered = [];

        internal Dictionary<string, long> Acknowledged { get; } = [];

        internal HashSet<string> NeverWritten { get; } = [];

        internal int Attempted { get; set; }

        internal int Openings { get; private set; }

        internal int Trims { get; set; }

        /// <summary>As far as anyone may have trimmed.</summary>
        internal long TrimmedTo { get; private set; }

        /// <summary>The trimmer has what it trims from its replay, or wrote it itself.</summary>
        internal void Trimming(long first, List<LogEntry> replay, string writer)
        {
            TrimmedTo = Math.Max(TrimmedTo, first);
            _covered.UnionWith(replay.Texts());
            _covered.UnionWith(Acknowledged.Keys.Where(text => text.StartsWith(writer + ":", StringComparison.Ordinal)));
        }

        internal void Acknowledge(string text, long slot)
        {
            Acknowledged.Add(text, slot);
            See(slot, text);
        }

        /// <summary>G3: what was acknowledged before the opening began is in its replay. G1: slots do not change.</summary>
        internal void Opened(HashSet<string> before, List<LogEntry> replay)
        {
            Openings++;
            HashSet<string> texts = [.. replay.Texts()];
            Assert.All(before.Where(text => Acknowledged[text] >= TrimmedTo), text => Assert.Contains(text, texts));
            replay.ForEach(entry => See(entry.Slot, entry.Text()));
        }

        internal void Check(List<LogEntry> final, long boundary)
        {
            Assert.True(boundary <= TrimmedTo);
            Assert.Equal(final.Select(entry => entry.Slot).Order(), final.Select(entry => entry.Slot));
            Assert.Equal(final.Count, final.Texts().Distinct().Count());
            final.ForEach(entry => See(entry.Slot, entry.Text()));
            Dictionary<long, string> bySlot = final.ToDictionary(entry => entry.Slot, LogFixture.Text);

            // G1, G3, G6: whatever any replay showed or any writer was told is there, at its slot.
            Assert.All(_seen.Where(seen => seen.Key >= boundary), seen => Assert.Equal(seen.Value, bySlot.GetValueOrDefault(seen.Key)));
            Assert.Empty(final.Texts().Intersect(NeverWritten));

            // G3, G8: what was acknowledged and is trimmed was known to someone who trimmed.
            Assert.All(Acknowledged.Where(item => item.Value < boundary), item => Assert.Contains(item.Key, _covered));

            // G4: of each writer, what is there is in the order of its calls.
            foreach (IGrouping<string, int> writer in _seen.OrderBy(seen => seen.Key)
                .Select(seen => seen.Value.Split(':'))
                .GroupBy(parts => parts[0], parts => int.Parse(parts[1])))
            {
                Assert.Equal(writer.Order(), writer);
            }
        }

        private void See(long slot, string text)
        {
            if (!_seen.TryAdd(slot, text))
            {
                Assert.Equal(_seen[slot], text);
            }
        }
    }
}
