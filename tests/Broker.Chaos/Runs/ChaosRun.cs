using Broker.Chaos.Clients;
using Broker.Chaos.Clocks;
using Broker.Chaos.Faults;
using Broker.Chaos.Histories;
using Broker.Chaos.Networks;
using Broker.Chaos.Nodes;
using Broker.Chaos.Stores;

namespace Broker.Chaos.Runs;

/// <summary>A cluster, its clients and its faults, from the start to the verdict.</summary>
/// <param name="options">What it is told.</param>
/// <param name="whyNoCuts">Null: this process has namespaces of its own.</param>
/// <param name="folder">For data and logs.</param>
/// <param name="print">Where lines go.</param>
internal sealed class ChaosRun(ChaosOptions options, string? whyNoCuts, string folder, Action<string> print)
{
    private const string Topic = "chaos";
    private const int Partitions = 6;
    private const int RealClient = 1000;

    /// <summary>What a producer waits between two batches of two records or three; longer in a run so long that its history would not have room (<see cref="HistoryRecorder.MaxSends"/>).</summary>
    private static readonly TimeSpan ShortestPace = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestAtThatPace = TimeSpan.FromMinutes(40);

    /// <summary>So that uploads, caches and back-pressure are busy while faults come; what a machine of two cores bears beside the brokers.</summary>
    private const double MostBytesPerSecond = 1_500_000;

    /// <summary>Of a whole run: everything is read again in the end, twice.</summary>
    private const double MostBytes = 1_000_000_000;

    /// <summary>A take-over takes seconds; all nodes that were killed, or the store that comes back, tens; the rest is for a machine that is busy.</summary>
    private static readonly TimeSpan HealDeadline = TimeSpan.FromSeconds(90);

    private readonly HistoryRecorder _history = new();
    private readonly List<string> _failures = [];
    private readonly List<FaultWindow> _windows = [];

    // The default suite runs on machines that do other things as well.
    private int Slack => options.OneRound ? 2 : 1;

    /// <summary>Whether all was well; what was not is printed.</summary>
    public async Task<bool> RunAsync()
    {
        Say($"seed {options.Seed}");
        await using IClusterNetwork network = whyNoCuts is null ? await NamespaceNetwork.CreateAsync(options.Nodes + 1) : new LoopbackNetwork(whyNoCuts);
        await using IChaosStore store = await OpenStoreAsync(network);
        (ShiftedClocks? clocks, string whyNoClocks) = await ShiftedClocks.CreateAsync(folder);
        if (clocks is null)
        {
            Say($"no jumps of clocks: {whyNoClocks}");
        }

        await using ChaosCluster cluster = ChaosCluster.Start(options, folder, network, store, clocks, Fail);
        ClusterClient client = new(Topic, cluster.Bootstrap);
        if (!await CreateTopicAsync(client))
        {
            return false;
        }

        if (RealClients.WhyNot is { } why)
        {
            Say($"no real client: {why}");
        }

        await using RealClients? real = RealClients.WhyNot is null ? RealClients.Start(Topic, Partitions, cluster.Bootstrap, RealClient) : null;
        Load load = new(Partitions, () => new ClusterClient(Topic, cluster.Bootstrap), _history, ShortestPace * Math.Max(1, options.Duration / LongestAtThatPace), Math.Min(MostBytesPerSecond, MostBytes / options.Duration.TotalSeconds));
        TopicChanges changes = new(new ClusterClient(Topic, cluster.Bootstrap).ConnectAsync, _history);
        using CancellationTokenSource endOfChanges = new();
        Task changing = changes.RunAsync(endOfChanges.Token);
        await ProgressAsync(load, "the start");
        await SufferAsync(new Nemesis(cluster), load);
        await SpreadAsync(client);
        Say("all faults are over; the clients come to their ends");
        await endOfChanges.CancelAsync();
        await changing;
        History history = await FinishAsync(cluster, client, load, real);
        await CheckTopicsAsync(changes);
        return await JudgeAsync(history);
    }

    private async Task<bool> CreateTopicAsync(ClusterClient client)
    {
        using CancellationTokenSource patience = new(HealDeadline);
        try
        {
            await client.CreateTopicAsync(Partitions, patience.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            Fail($"the cluster does not start within {HealDeadline}; logs: {folder}");
            return false;
        }
    }

    // Whatever came, each broker has its share again before long.
    private async Task SpreadAsync(ClusterClient client)
    {
        using CancellationTokenSource patience = new(HealDeadline);
        string led = "";
        try
        {
            await ClusterClient.UntilAsync(
                async turn =>
                {
                    IReadOnlyDictionary<int, int> found = await client.LedAsync(turn);
                    led = string.Join(", ", found.OrderBy(one => one.Key).Select(one => $"node {one.Key} {one.Value}"));
                    int share = found.Values.Sum() / options.Nodes;
                    return Enumerable.Range(1, options.Nodes).All(node => found.GetValueOrDefault(node) > share / 2);
                },
                patience.Token);
            Say($"partitions are led by {led}");
        }
        catch (OperationCanceledException)
        {
            Fail($"partitions are not spread over the brokers within {HealDeadline}: they are led by {led}");
        }
    }

    private async Task CheckTopicsAsync(TopicChanges changes)
    {
        Say(changes.Summary);
        using CancellationTokenSource patience = new(HealDeadline);
        try
        {
            await changes.CheckAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Fail($"no broker says within {HealDeadline} which topics there are");
        }
    }

    private async Task SufferAsync(Nemesis nemesis, Load load)
    {
        // Those that take longer than a round of all others are left to longer runs.
        FaultKind[] wanted = [.. options.Kinds.Count > 0 ? options.Kinds.Select(Enum.Parse<FaultKind>) : Enum.GetValues<FaultKind>().Where(kind => !options.OneRound || kind is not (FaultKind.IsolateLong or FaultKind.StoreCutLong))];
        foreach (IGrouping<string, FaultKind> impossible in wanted.Where(kind => nemesis.WhyNot(kind) is not null).GroupBy(kind => nemesis.WhyNot(kind)!))
        {
            Say($"left out: {string.Join(", ", impossible)}: {impossible.Key}");
        }

        FaultKind[] kinds = [.. wanted.Where(kind => nemesis.WhyNot(kind) is null)];
        TimeSpan end = _history.Now + options.Duration;
        int rounds = 0;
        foreach (IReadOnlyList<PlannedFault> round in new Schedule(options.Seed, kinds, options.Nodes, overlaps: !options.OneRound).Rounds())
        {
            // What comes after a failure shows nothing that one would believe.
            if (_failures.Count > 0 || _history.Now > end || (options.OneRound && rounds++ == kinds.Length))
            {
                return;
            }

            bool isWhole = await nemesis.IsClusterWholeAsync();
            Say($"{string.Join(" and ", round)}{(isWhole ? "" : ", while another node starts")}");
            TimeSpan begin = _history.Now;
            await Task.WhenAll(round.Select(nemesis.RunAsync));
            TimeSpan healed = _history.Now;
            await ProgressAsync(load, string.Join(" and ", round));
            Say($"work goes on {(_history.Now - healed).TotalSeconds:F1} s after that was over");
            _windows.AddRange(round.Select(fault => new FaultWindow(fault.Kind, begin, _history.Now, GapBound.Of(round, options.Wal == "disk", isWhole) * Slack)));
            await Task.Delay(round.Max(fault => fault.Quiet));
        }
    }

    private async Task ProgressAsync(Load load, string after)
    {
        if (await load.ProgressAsync(HealDeadline) is { Count: > 0 } waiting)
        {
            Fail($"within {HealDeadline} after {after} these partitions acknowledged nothing to some producer: {string.Join(", ", waiting)}");
        }
    }

    private async Task<History> FinishAsync(ChaosCluster cluster, ClusterClient client, Load load, RealClients? real)
    {
        using CancellationTokenSource patience = new(HealDeadline * 4);
        if (!await load.StopProducingAsync(HealDeadline))
        {
            Fail($"producers have batches that nobody acknowledges within {HealDeadline}");
        }

        Dictionary<int, IReadOnlyList<Seen>> warm = [];
        async Task ReadAsync()
        {
            warm = await ReadAllAsync(client, patience.Token);
            Dictionary<int, long> ends = warm.ToDictionary(one => one.Key, one => one.Value.Count == 0 ? 0 : one.Value[^1].Offset + 1);
            if (await load.EndAsync(ends, HealDeadline) is { Count: > 0 } behind)
            {
                Fail($"consumers do not get to the ends of these partitions within {HealDeadline}: {string.Join(", ", behind)}");
            }

            if (real is not null && !await real.IsAtAsync(ends, HealDeadline))
            {
                Fail($"the group does not get to the ends of its partitions within {HealDeadline}");
            }
        }

        await (real?.FinishAsync(_history, ReadAsync) ?? ReadAsync());
        if (real is { Unplaced: > 0 and var unplaced })
        {
            Say($"librdkafka's producer does not say where {unplaced} of the records are that it calls stored");
        }

        if (real is { FatalErrors: > 0 and var fatal })
        {
            Say($"librdkafka's producer had {fatal} fatal errors, each time another one took its place");
        }

        foreach ((int partition, IReadOnlyList<Seen> records) in warm)
        {
            _history.Polled(new Poll(History.WholeReader, 0, partition, _history.Now, records));
        }

        Say("all nodes are killed, and everything is read from the bucket");
        await Task.WhenAll(cluster.Nodes.Select(node => node.KillAsync()));
        foreach (ChaosNode node in cluster.Nodes)
        {
            node.Start();
        }

        return _history.Finish(await ReadAllAsync(client, patience.Token));
    }

    private async Task<Dictionary<int, IReadOnlyList<Seen>>> ReadAllAsync(ClusterClient client, CancellationToken cancellation)
    {
        Dictionary<int, IReadOnlyList<Seen>> all = [];
        for (int partition = 0; partition < Partitions; partition++)
        {
            try
            {
                all[partition] = await RawConsumer.ReadAllAsync(partition, client, _history, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                Fail($"partition {partition} cannot be read");
                all[partition] = [];
            }
        }

        return all;
    }

    private async Task<bool> JudgeAsync(History history)
    {
        Verdict verdict = HistoryChecker.Check(history);
        List<string> lines =
        [
            .. Report.Lines(history, _windows),
            .. _history.Violations.Select(violation => $"BROKEN PROMISE {violation}"),
            .. verdict.Counts.Select(count => $"ANOMALY {count.Key}: {count.Value}"),
            .. verdict.Anomalies.Select(anomaly => $"  {anomaly}"),
            .. Report.TooLong(history, _windows).Select(gap => $"TOO LONG {gap}"),
            .. _failures.Select(failure => $"FAILURE {failure}"),
        ];
        bool isGood = verdict.IsClean && _failures.Count == 0 && _history.Violations.Count == 0 && !Report.TooLong(history, _windows).Any();
        if (!isGood)
        {
            string file = Path.Combine(folder, "history.txt");
            await HistoryFile.WriteAsync(file, history, [$"seed {options.Seed}", .. lines, .. _windows.Select(window => $"{window}")]);
            lines.Add($"history and logs: {folder}");
        }

        lines.Add($"verdict: {(isGood ? "good" : "BAD")} (seed {options.Seed})");
        lines.ForEach(print);
        return isGood;
    }

    private async Task<IChaosStore> OpenStoreAsync(IClusterNetwork network)
    {
        string bucket = Path.Combine(folder, "bucket");
        if (options.Store == "file")
        {
            return new FolderStore(bucket, "the bucket is a folder");
        }

        try
        {
            return await CephStore.StartAsync(options.Nodes + 1, network.Store);
        }
        catch (SkipException missing) when (options.Store == "auto")
        {
            return new FolderStore(bucket, $"the bucket is a folder, for {missing.Message}");
        }
    }

    private void Say(string line) => print($"{_history.Now:mm\\:ss\\.f} {line}");

    private void Fail(string what)
    {
        lock (_failures)
        {
            _failures.Add($"{_history.Now:mm\\:ss\\.f} {what}");
        }

        Say($"FAILURE {what}");
    }
}
