using Broker.Crash.History;
using Broker.Crash.Pipelined;
using Broker.TestSupport.Brokers;
using Xunit.Abstractions;

namespace Broker.Crash;

/// <summary>
/// Idempotent producers keep five requests in flight while their broker is killed again and again: each record is stored
/// once, in order, at the offset it was acknowledged with. Uploads are frequent, so that what the broker knows of its
/// producers comes back from objects and from the WAL. Variables as for <see cref="CrashTests"/>.
/// </summary>
public sealed class PipelinedCrashTests(ITestOutputHelper output)
{
    /// <summary>The longest time under load between progress and the next kill.</summary>
    private const int MaxUptimeMs = 1_000;

    [SkippableTheory]
    [InlineData("disk")]
    [InlineData("bucket")]
    public async Task Five_requests_in_flight_are_stored_exactly_once_across_twenty_kills(string walKind)
    {
        Skip.If(CrashSettings.TargetIsApacheKafka && walKind != "disk", "Apache Kafka has no WAL of ours");
        Random random = CrashSettings.NewRandom(output);
        await using BrokerUnderTest broker = CrashSettings.NewBroker(
            "object.store.upload.interval.ms=300", "object.store.upload.bytes=1048576", $"wal.kind={walKind}");
        await using PipelinedRun run = await PipelinedRun.StartAsync(broker, random);

        for (int kill = 0; kill < CrashSettings.Kills; kill++)
        {
            await run.WaitForProgressAsync();
            // The moment of the kill is the one thing here that shall depend on nothing but chance.
            await Task.Delay(random.Next(MaxUptimeMs));
            broker.MustBeRunning();
            await broker.KillAsync();
            await broker.StartAsync();
        }

        await run.WaitForProgressAsync();
        RunHistory history = await run.FinishAsync();
        Report(run, history);
        AssertTested(run, history);
        AssertGood(history);
    }

    private void Report(PipelinedRun run, RunHistory history)
    {
        foreach (IdempotentProducer producer in run.AllProducers)
        {
            output.WriteLine(
                $"producer {producer.History.Producer}: {producer.History.Acknowledged.Count} records in "
                + $"{producer.AcknowledgedBatches} batches; {producer.Interrupted} batches interrupted, of which "
                + $"{producer.Duplicates} were stored and {producer.Resent} were not");
        }

        output.WriteLine(
            $"read meanwhile {history.Seen.Count}, "
            + $"committed offsets asked {history.Commits.Count(commit => commit.Step == CommitStep.Fetched)} times");
    }

    /// <summary>A run that interrupted nothing shows nothing.</summary>
    private static void AssertTested(PipelinedRun run, RunHistory history)
    {
        Assert.All(run.AllProducers, producer => Assert.True(producer.Duplicates > 0, "no batch was sent twice"));
        Assert.Contains(run.AllProducers, producer => producer.Resent > 0);
        Assert.NotEmpty(history.Seen);
        Assert.Contains(history.Commits, commit => commit.Step == CommitStep.Fetched);
    }

    private static void AssertGood(RunHistory history)
    {
        IReadOnlyList<string> violations = HistoryChecker.Check(history);
        Assert.True(violations.Count == 0, $"{violations.Count} violations, such as:\n{string.Join('\n', violations.Take(20))}");

        // Everything is acknowledged at the end, so anything beyond it is there twice.
        long stored = history.Stored.Values.Sum(partition => partition.High - partition.Low);
        Assert.Equal(history.Producers.Sum(producer => producer.Acknowledged.Count), stored);
    }
}
