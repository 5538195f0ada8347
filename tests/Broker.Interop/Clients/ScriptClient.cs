using Broker.TestSupport;
using Broker.TestSupport.Processes;

namespace Broker.Interop.Clients;

/// <summary>
/// A client library behind one of our client programs, which all share one command line: <paramref name="script"/>,
/// relative to the interop tests' folder, run by <paramref name="interpreter"/>.
/// </summary>
public sealed class ScriptClient(string bootstrap, string interpreter, string script) : KafkaClient(bootstrap)
{
    /// <summary>Debian's own Python, which has Debian's client libraries; another one may come first on PATH.</summary>
    private const string DebianPython = "/usr/bin/python3";

    private readonly string _program = Path.Combine(RepoRoot.Path, "tests", "Broker.Interop", script);

    /// <summary>confluent-kafka-python, that is librdkafka.</summary>
    public static ScriptClient ConfluentPython(string bootstrap) => Python(bootstrap, "confluent");

    /// <summary>kafka-python.</summary>
    public static ScriptClient KafkaPython(string bootstrap) => Python(bootstrap, "kafka_python");

    /// <summary>kafkajs on Node.js.</summary>
    public static ScriptClient KafkaJs(string bootstrap)
    {
        string packages = Path.Combine(RepoRoot.Path, "tests", "Broker.Interop", "kafkajs", "node_modules");
        Requirement.Need(Directory.Exists(packages), "kafkajs is not installed; 'make test' installs it");
        return new ScriptClient(bootstrap, Requirement.Tool("node"), "kafkajs/client.js");
    }

    public override Task CreateTopicAsync(string topic, int partitions) =>
        RunAsync("create-topic", topic, "", "--partitions", $"{partitions}");

    public override Task ProduceAsync(string topic, IReadOnlyList<SentRecord> records, string codec = "none") =>
        ProduceAsync(topic, records, "--codec", codec);

    /// <summary>Sends records with an idempotent producer (KIP-98).</summary>
    public Task ProduceIdempotentlyAsync(string topic, IReadOnlyList<SentRecord> records) =>
        ProduceAsync(topic, records, "--idempotent");

    public override Task<IReadOnlyList<ReceivedRecord>> ConsumeAsync(string topic, int count) =>
        ReadAsync("consume", topic, "--count", $"{count}");

    public override Task<IReadOnlyList<ReceivedRecord>> ConsumeSinceAsync(string topic, long timestampMs, int count) =>
        ReadAsync("consume-since", topic, "--timestamp", $"{timestampMs}", "--count", $"{count}");

    public override Task<IReadOnlyList<ReceivedRecord>> ConsumeAsGroupAsync(string topic, string group, int count) =>
        ReadAsync("consume-group", topic, "--group", group, "--count", $"{count}");

    public override GroupMember Join(string topic, string group) =>
        new ScriptGroupMember(ChildProcess.Start(interpreter, Arguments("member", topic, "--group", group)));

    private static ScriptClient Python(string bootstrap, string library)
    {
        Requirement.Need(File.Exists(DebianPython), $"there is no {DebianPython}");
        string module = library == "confluent" ? "confluent_kafka" : "kafka";
        Requirement.Need(
            Directory.Exists($"/usr/lib/python3/dist-packages/{module}"),
            $"Debian's Python module '{module}' is not installed; 'make test' installs it");
        return new ScriptClient(bootstrap, DebianPython, $"python/{library}_client.py");
    }

    private async Task ProduceAsync(string topic, IReadOnlyList<SentRecord> records, params string[] options)
    {
        string input = string.Concat(records.Select(record => record.ToLine() + "\n"));
        ToolRun run = await RunAsync("produce", topic, input, options);
        Acknowledgement[] acknowledged = [.. run.Output.Select(ClientProtocol.Parse<Acknowledgement>)];
        Assert.Equal(records.Select(record => record.Partition), acknowledged.Select(ack => ack.Partition));
        foreach (IGrouping<int, Acknowledgement> partition in acknowledged.GroupBy(ack => ack.Partition))
        {
            long first = partition.First().Offset;
            Assert.Equal(Enumerable.Range(0, partition.Count()).Select(i => first + i), partition.Select(ack => ack.Offset));
        }
    }

    private async Task<IReadOnlyList<ReceivedRecord>> ReadAsync(string command, string topic, params string[] options) =>
        [.. (await RunAsync(command, topic, "", options)).Output.Select(ClientProtocol.Parse<ReceivedRecord>)];

    private async Task<ToolRun> RunAsync(string command, string topic, string input, params string[] options) =>
        (await ToolRun.RunAsync(interpreter, Arguments(command, topic, options), input)).MustSucceed();

    private string[] Arguments(string command, string topic, params string[] options) =>
        [_program, command, "--bootstrap", Bootstrap, "--topic", topic, .. options];

    private sealed class ScriptGroupMember(ChildProcess process) : GroupMember(process)
    {
        public override IReadOnlyList<int>? Assigned => Process.Output
            .Where(line => line.Contains("\"assigned\"", StringComparison.Ordinal))
            .Select(line => ClientProtocol.Parse<AssignmentEvent>(line).Assigned)
            .LastOrDefault();

        public override IReadOnlyList<ReceivedRecord> Received =>
        [
            .. Process.Output
                .Where(line => line.Contains("\"offset\"", StringComparison.Ordinal))
                .Select(ClientProtocol.Parse<ReceivedRecord>),
        ];

        /// <summary>The programs leave when their standard input ends.</summary>
        protected override Task AskToLeaveAsync() => Process.FeedAsync("");
    }
}
