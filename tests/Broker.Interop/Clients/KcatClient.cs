using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Broker.TestSupport;
using Broker.TestSupport.Processes;

namespace Broker.Interop.Clients;

/// <summary>
/// kcat by its own command line. It has no admin API: topics with more partitions than a broker gives by default are
/// created by confluent-kafka-python, which is librdkafka too.
/// </summary>
public sealed partial class KcatClient(string bootstrap) : KafkaClient(bootstrap)
{
    /// <summary>Between key and value on a line of input: a character that no test sends.</summary>
    private const string KeyDelimiter = "\u001f";

    private readonly string _kcat = Requirement.Tool("kcat");

    public override Task CreateTopicAsync(string topic, int partitions) =>
        ScriptClient.ConfluentPython(Bootstrap).CreateTopicAsync(topic, partitions);

    public override async Task ProduceAsync(string topic, IReadOnlyList<SentRecord> records, string codec = "none")
    {
        // A run of kcat gives all its records one partition and the same headers.
        foreach (var run in records.GroupBy(record => (record.Partition, Headers: JsonSerializer.Serialize(record.Headers))))
        {
            string input = string.Concat(run.Select(record => $"{record.Key}{KeyDelimiter}{record.Value}\n"));
            IEnumerable<string> headers = run.First().Headers
                .SelectMany(header => new[] { "-H", header[1] is null ? header[0]! : $"{header[0]}={header[1]}" });
            await RunAsync(
                input,
                ["-P", "-t", topic, "-p", $"{run.Key.Partition}", "-K", KeyDelimiter, "-Z", "-z", codec, .. headers,
                    "-X", "message.max.bytes=1048588"]);
        }
    }

    public override Task<IReadOnlyList<ReceivedRecord>> ConsumeAsync(string topic, int count) =>
        ReadAsync("-C", "-t", topic, "-o", "beginning", "-c", $"{count}", "-e");

    public override Task<IReadOnlyList<ReceivedRecord>> ConsumeSinceAsync(string topic, long timestampMs, int count) =>
        ReadAsync("-C", "-t", topic, "-o", $"s@{timestampMs}", "-c", $"{count}", "-e");

    public override Task<IReadOnlyList<ReceivedRecord>> ConsumeAsGroupAsync(string topic, string group, int count) =>
        ReadAsync([.. GroupOptions(group), "-c", $"{count}", topic]);

    public override GroupMember Join(string topic, string group) =>
        new KcatGroupMember(ChildProcess.Start(_kcat, ["-b", Bootstrap, .. GroupOptions(group), "-J", "-u", topic]));

    private static string[] GroupOptions(string group) =>
        ["-G", group, "-X", "auto.offset.reset=earliest", "-X", "heartbeat.interval.ms=500"];

    private static ReceivedRecord Parse(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement record = document.RootElement;
        string?[] headers = record.TryGetProperty("headers", out JsonElement list)
            ? [.. list.EnumerateArray().Select(item => item.GetString())]
            : [];
        return new ReceivedRecord(
            record.GetProperty("partition").GetInt32(),
            record.GetProperty("offset").GetInt64(),
            record.GetProperty("ts").GetInt64(),
            record.GetProperty("key").GetString(),
            record.GetProperty("payload").GetString(),
            [.. headers.Chunk(2)]);
    }

    private async Task<IReadOnlyList<ReceivedRecord>> ReadAsync(params string[] arguments) =>
        [.. (await RunAsync("", ["-J", .. arguments])).Output.Select(Parse)];

    private async Task<ToolRun> RunAsync(string input, string[] arguments) =>
        (await ToolRun.RunAsync(_kcat, ["-b", Bootstrap, .. arguments], input)).MustSucceed();

    private sealed partial class KcatGroupMember(ChildProcess process) : GroupMember(process)
    {
        /// <summary>kcat tells on standard error: <c>... assigned: topic [0], topic [1]</c>.</summary>
        public override IReadOnlyList<int>? Assigned => Process.Errors
            .Where(line => line.Contains("): assigned:", StringComparison.Ordinal))
            .Select(line => PartitionNumber().Matches(line)
                .Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).ToArray())
            .LastOrDefault();

        public override IReadOnlyList<ReceivedRecord> Received => [.. Process.Output.Select(Parse)];

        protected override Task AskToLeaveAsync()
        {
            Process.Signal(Signal.Terminate);
            return Task.CompletedTask;
        }

        [GeneratedRegex(@"\[(\d+)\]")]
        private static partial Regex PartitionNumber();
    }
}
