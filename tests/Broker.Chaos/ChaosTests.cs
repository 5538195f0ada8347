using Broker.TestSupport;
using Broker.TestSupport.Processes;
using Xunit.Abstractions;

namespace Broker.Chaos;

/// <summary>Three brokers, real clients, and as many kinds of faults in a random order as there is time for; <c>make chaos</c> goes on for longer.</summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    /// <summary>Of new faults; the start, the last one and the reading come on top of it.</summary>
    private const string Duration = "110s";

    /// <summary>Less than after what a test counts as hanging (scripts/test.sh), and twice what the run takes.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5.5);

    [SkippableFact]
    public async Task Cluster_keeps_every_promise_while_faults_befall_it()
    {
        string seed = Environment.GetEnvironmentVariable("BROKER_TESTS_SEED") ?? $"{Random.Shared.Next()}";
        output.WriteLine($"seed {seed}");
        ToolRun run = await ToolRun.RunAsync(
            Requirement.Tool("dotnet"), [typeof(ChaosTests).Assembly.Location, "run", "--one-round", "--duration", Duration, "--seed", seed], deadline: Deadline);
        output.WriteLine(run.Text);

        Assert.True(run.ExitCode == 0, $"{run.Text}\n{string.Join('\n', run.Errors)}");
    }
}
