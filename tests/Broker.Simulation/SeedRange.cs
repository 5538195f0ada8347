using System.Globalization;
using Broker.Simulation.Several;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Sdk;

namespace Broker.Simulation;

/// <summary>Runs scenarios of consecutive seeds on all processors, each twice, and says of the first that fails how to see it again.</summary>
/// <param name="firstSeed">The first.</param>
/// <param name="count">How many.</param>
/// <param name="sabotage">For tests of the simulation itself.</param>
/// <param name="secondRun">What the second run of each seed is to be, where it is not as the first: for a test of their comparison.</param>
/// <param name="kind">Of which histories.</param>
internal sealed class SeedRange(int firstSeed, int count, Sabotage sabotage, Sabotage? secondRun = null, string kind = SeedRange.Node)
{
    /// <summary>Histories of one node.</summary>
    public const string Node = "node";

    /// <summary>Histories of several.</summary>
    public const string Cluster = "cluster";

    private readonly object _lock = new();
    private int _next = -1;
    private (int Seed, string Text)? _failure;

    public SimulationTotals Totals { get; } = new();

    /// <summary>The lowest seed that failed, and what it failed of; null when none did.</summary>
    public (int Seed, string Text)? Failure => _failure;

    /// <summary>Runs all of them, or those up to the first that fails.</summary>
    public SeedRange Run()
    {
        // Threads of their own: a run is bound to its thread, and takes it whole.
        Thread[] threads = [.. Enumerable.Range(0, Math.Min(Environment.ProcessorCount, count)).Select(_ => new Thread(RunNext))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return this;
    }

    /// <exception cref="XunitException">A seed failed.</exception>
    public void ThrowIfFailed()
    {
        if (_failure is { } failure)
        {
            throw new XunitException(failure.Text);
        }
    }

    /// <summary>One seed with all that the broker logs, as text.</summary>
    public static string Replay(int seed, Sabotage sabotage, int keptEvents = 300, string kind = Node)
    {
        TraceLoggers loggers = new();
        IScenario scenario = Make(kind, seed, loggers, sabotage);
        loggers.World = scenario.World;
        scenario.World.Trace.Kept = keptEvents;
        string outcome;
        try
        {
            outcome = scenario.Run().ToString();
        }
        catch (Exception failure)
        {
            outcome = failure.ToString();
        }

        return string.Create(CultureInfo.InvariantCulture, $"the last events of seed {seed}:{Environment.NewLine}{scenario.World.Trace}{outcome}");
    }

    private static IScenario Make(string kind, int seed, ILoggerFactory loggers, Sabotage sabotage) =>
        kind == Cluster ? new ClusterScenario(seed, loggers, sabotage) : new Scenario(seed, loggers, sabotage);

    private void RunNext()
    {
        for (int seed = Take(); seed >= 0; seed = Take())
        {
            if (Judge(seed) is { } problem)
            {
                Fail(seed, problem);
            }
        }
    }

    private int Take()
    {
        int index = Interlocked.Increment(ref _next);
        return index < count && _failure is null ? firstSeed + index : -1;
    }

    private string? Judge(int seed)
    {
        try
        {
            ScenarioResult first = Make(kind, seed, NullLoggerFactory.Instance, sabotage).Run();
            ScenarioResult second = Make(kind, seed, NullLoggerFactory.Instance, secondRun ?? sabotage).Run();
            Totals.Add(first);
            return first == second ? null : $"two runs differ: {first}, {second}";
        }
        catch (Exception failure)
        {
            return failure.Message;
        }
    }

    private void Fail(int seed, string problem)
    {
        lock (_lock)
        {
            if (_failure is not { } other || seed < other.Seed)
            {
                _failure = (seed, $"seed {seed}: {problem}{Environment.NewLine}again: make sim {(kind == Node ? "" : $"KIND={kind} ")}SEED={seed}{Environment.NewLine}{Replay(seed, sabotage, kind: kind)}");
            }
        }
    }
}

/// <summary>Sums over seeds. Thread-safe.</summary>
internal sealed class SimulationTotals
{
    private readonly object _lock = new();

    public long Runs { get; private set; }

    public long Acknowledged { get; private set; }

    public long Read { get; private set; }

    public long Starts { get; private set; }

    public long Latecomers { get; private set; }

    public long Steps { get; private set; }

    public void Add(ScenarioResult result)
    {
        lock (_lock)
        {
            Runs++;
            Acknowledged += result.Acknowledged;
            Read += result.Read;
            Starts += result.Starts;
            Latecomers += result.Latecomers;
            Steps += result.Steps;
        }
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Runs} histories: {Acknowledged} records acknowledged, {Read} read, {Starts} starts of the node, {Latecomers} objects written too late to be found, {Steps} steps");
}
