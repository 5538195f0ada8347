using Broker.Crash.History;
using Broker.Crash.Wal;
using Broker.TestSupport.Brokers;
using Xunit.Abstractions;

namespace Broker.Crash;

/// <summary>
/// A loaded broker is killed or stopped again and again, and loses nothing that it has acknowledged.
/// <c>BROKER_TESTS_CRASH_TARGET=kafka</c> runs the tests on Apache Kafka instead, which shows that they are right about
/// Kafka's behaviour; <c>BROKER_TESTS_SEED</c> repeats a run's moments, <c>BROKER_TESTS_KILLS</c> makes it longer.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Stops = 3;

    /// <summary>The longest time under load between a return to work and the next kill.</summary>
    private const int MaxUptimeMs = 2_000;

    /// <summary>A graceful stop is promised within ten seconds.</summary>
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(10);

    [SkippableFact]
    public async Task Acknowledged_records_survive_twenty_kills_under_load()
    {
        Random random = CrashSettings.NewRandom(output);
        await using BrokerUnderTest broker = NewBroker();
        await using CrashRun run = await CrashRun.StartAsync(broker);

        int kills = CrashSettings.Kills;
        for (int kill = 0; kill < kills; kill++)
        {
            await run.WaitForProgressAsync();
            // The moment of the kill is the one thing here that shall depend on nothing but chance.
            await Task.Delay(random.Next(MaxUptimeMs));
            broker.MustBeRunning();
            await broker.KillAsync();
            await broker.StartAsync();
        }

        await run.WaitForProgressAsync();
        AssertGood(await run.FinishAsync());
    }

    [SkippableFact]
    public async Task Torn_last_write_of_the_wal_costs_nothing_acknowledged()
    {
        Skip.If(CrashSettings.TargetIsApacheKafka, "Apache Kafka has no WAL of ours");
        Random random = CrashSettings.NewRandom(output);

        // Whatever the environment chooses: it is the files of this one that are torn.
        await using BrokerUnderTest broker = NewBroker("wal.kind=disk");
        await using CrashRun run = await CrashRun.StartAsync(broker);

        foreach (Tear tear in Enum.GetValues<Tear>())
        {
            await run.WaitForProgressAsync();
            broker.MustBeRunning();
            await broker.KillAsync();
            (string file, int at) = TornWrite.Apply(Path.Combine(broker.DataFolder, "wal"), tear, random);
            output.WriteLine($"{tear}: {Path.GetFileName(file)} at {at}");
            await broker.StartAsync();
        }

        await run.WaitForProgressAsync();
        AssertGood(await run.FinishAsync());
    }

    [SkippableFact]
    public async Task Graceful_stop_under_load_ends_in_time_and_loses_nothing()
    {
        Random random = CrashSettings.NewRandom(output);
        await using BrokerUnderTest broker = NewBroker();
        await using CrashRun run = await CrashRun.StartAsync(broker);

        for (int stop = 0; stop < Stops; stop++)
        {
            await run.WaitForProgressAsync();
            await Task.Delay(random.Next(MaxUptimeMs));
            broker.MustBeRunning();
            Assert.Equal(broker.GracefulExitCode, await broker.StopAsync(StopDeadline));
            await broker.StartAsync();
        }

        await run.WaitForProgressAsync();
        AssertGood(await run.FinishAsync());
    }

    private static BrokerUnderTest NewBroker(params string[] overrides) => CrashSettings.NewBroker(["group.initial.rebalance.delay.ms=0", .. overrides]);

    private void AssertGood(RunHistory history)
    {
        int acknowledged = history.Producers.Sum(producer => producer.Acknowledged.Count);
        long sent = history.Producers.Sum(producer => producer.Sent);
        long stored = history.Stored.Values.Sum(partition => partition.High - partition.Low);
        int fetched = history.Commits.Count(commit => commit.Step == CommitStep.Fetched);
        output.WriteLine(
            $"sent {sent}, acknowledged {acknowledged}, stored {stored}, read meanwhile {history.Seen.Count}, "
            + $"committed offsets asked {fetched} times");
        Assert.True(acknowledged > 0 && history.Seen.Count > 0 && fetched > 0, "the run had no load");
        IReadOnlyList<string> violations = HistoryChecker.Check(history);
        Assert.True(violations.Count == 0, $"{violations.Count} violations, such as:\n{string.Join('\n', violations.Take(20))}");
    }
}
