using Broker.Crash.History;
using Broker.TestSupport;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Processes;

namespace Broker.Crash;

/// <summary>
/// Idempotent producers and a committing group member, which work on while the broker under them goes and comes back;
/// at the end, all that they know as a history.
/// </summary>
internal sealed class CrashRun : IAsyncDisposable
{
    private const string Topic = "crash";
    private const int Partitions = 4;
    private const int Producers = 5;

    /// <summary>Records per second and producer: enough that each kill meets requests in flight, on two cores.</summary>
    private const int Rate = 500;

    /// <summary>Debian's own Python, which has Debian's client libraries.</summary>
    private const string Python = "/usr/bin/python3";

    /// <summary>A start, reconnects, and a rebalance after a lost member's session.</summary>
    private static readonly TimeSpan ProgressDeadline = TimeSpan.FromSeconds(60);

    private readonly BrokerUnderTest _broker;
    private readonly List<ChildProcess> _producers = [];
    private ChildProcess? _committer;

    private CrashRun(BrokerUnderTest broker) => _broker = broker;

    /// <summary>Starts the broker with an empty data folder, and the load on it.</summary>
    public static async Task<CrashRun> StartAsync(BrokerUnderTest broker)
    {
        Requirement.Need(
            Directory.Exists("/usr/lib/python3/dist-packages/confluent_kafka"),
            "Debian's Python module 'confluent_kafka' is not installed; 'make test' installs it");
        await broker.StartAsync();
        CrashRun run = new(broker);
        (await run.RunToEndAsync("create", "--partitions", $"{Partitions}")).MustSucceed();
        for (int i = 0; i < Producers; i++)
        {
            run._producers.Add(run.Start(
                "produce", "--partitions", $"{Partitions}", "--producer", $"{i}", "--rate", $"{Rate}"));
        }

        run._committer = run.Start("commit", "--group", "crash-group");
        return run;
    }

    /// <summary>Returns when every producer has had records acknowledged, and the consumer received some, from now on.</summary>
    public async Task WaitForProgressAsync()
    {
        // Acknowledgements that were under way come in one burst; more than a burst's worth means that work goes on.
        const int Lines = 200;
        foreach (ChildProcess client in Clients)
        {
            int before = client.OutputCount;
            await client.WaitUntilAsync(process => process.OutputCount >= before + Lines, "progress", ProgressDeadline);
        }
    }

    /// <summary>Ends the load, reads everything back, and returns what happened.</summary>
    public async Task<RunHistory> FinishAsync()
    {
        _broker.MustBeRunning();
        foreach (ChildProcess client in Clients)
        {
            await client.FeedAsync("");
        }

        foreach (ChildProcess client in Clients)
        {
            int exitCode = await client.WaitForExitAsync(TimeSpan.FromSeconds(90));
            Assert.True(exitCode == 0, $"a client failed: {client.Description}\n{client.OutputTail()}");
        }

        ToolRun read = (await RunToEndAsync("read-all", "--partitions", $"{Partitions}")).MustSucceed();
        (List<(Position Position, RecordId Id)> seen, List<CommitEvent> commits) = Journal.Committer(_committer!.Output);
        return new RunHistory(
            Partitions,
            [.. _producers.Select((producer, i) => Journal.Producer(i, producer.Output))],
            seen,
            commits,
            Journal.Stored(read.Output));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess client in Clients)
        {
            await client.DisposeAsync();
        }
    }

    private IEnumerable<ChildProcess> Clients => _committer is null ? _producers : _producers.Append(_committer);

    private static string Program => Path.Combine(RepoRoot.Path, "tests", "Broker.Crash", "python", "crash_client.py");

    private ChildProcess Start(string command, params string[] options) =>
        ChildProcess.Start(Python, Arguments(command, options));

    private Task<ToolRun> RunToEndAsync(string command, params string[] options) =>
        ToolRun.RunAsync(Python, Arguments(command, options), deadline: TimeSpan.FromMinutes(2));

    private string[] Arguments(string command, string[] options) =>
        [Program, command, "--bootstrap", _broker.Bootstrap, "--topic", Topic, .. options];
}
