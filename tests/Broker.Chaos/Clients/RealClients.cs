using System.Globalization;
using System.Net;
using Broker.Chaos.Histories;
using Broker.TestSupport;
using Broker.TestSupport.Processes;

namespace Broker.Chaos.Clients;

/// <summary>librdkafka by confluent-kafka-python: an idempotent producer, and a member of a group that commits (python/chaos_client.py).</summary>
internal sealed class RealClients : IAsyncDisposable
{
    /// <summary>Debian's own Python, which has Debian's client libraries.</summary>
    private const string Python = "/usr/bin/python3";

    private const int RatePerSecond = 50;

    /// <summary>What the script itself takes for its queue to get empty, and something.</summary>
    private static readonly TimeSpan EndDeadline = TimeSpan.FromSeconds(250);

    private readonly ChildProcess _producer;
    private readonly ChildProcess _consumer;
    private readonly int _number;

    private RealClients(ChildProcess producer, ChildProcess consumer, int number) => (_producer, _consumer, _number) = (producer, consumer, number);

    /// <summary>Why there are none; null: they can be had.</summary>
    public static string? WhyNot => Directory.Exists("/usr/lib/python3/dist-packages/confluent_kafka") ? null : "Debian's Python module 'confluent_kafka' is not installed; 'make test' installs it";

    /// <summary>How often the producer could not go on, and another one took its place; known when it has finished.</summary>
    public int FatalErrors { get; private set; }

    /// <summary>How many of the producer's acknowledgements do not say where the record is; known when it has finished.</summary>
    public int Unplaced { get; private set; }

    /// <summary>Both of them are <paramref name="number"/> in the history.</summary>
    public static RealClients Start(string topic, int partitions, IEnumerable<IPEndPoint> bootstrap, int number)
    {
        string program = Path.Combine(RepoRoot.Path, "tests", "Broker.Chaos", "python", "chaos_client.py");
        string[] common = ["--bootstrap", string.Join(',', bootstrap), "--topic", topic];
        return new RealClients(
            ChildProcess.Start(Python, [program, "produce", .. common, "--partitions", $"{partitions}", "--producer", $"{number}", "--rate", $"{RatePerSecond}"]),
            ChildProcess.Start(Python, [program, "consume", .. common, "--group", "chaos"]),
            number);
    }

    /// <summary>Ends the producer when all it sent is acknowledged or given up, then the consumer; puts what they did into the history.</summary>
    public async Task FinishAsync(HistoryRecorder history, Func<Task> beforeConsumerEnds)
    {
        await EndAsync(_producer, history);
        AddSends(history);
        await beforeConsumerEnds();
        await EndAsync(_consumer, history);
        AddPolls(history);
    }

    /// <summary>Waits until the group has got the last record of each partition.</summary>
    /// <returns>Whether it had within <paramref name="deadline"/>.</returns>
    public async Task<bool> IsAtAsync(IReadOnlyDictionary<int, long> ends, TimeSpan deadline)
    {
        HashSet<string> wanted = [.. ends.Where(end => end.Value > 0).Select(end => string.Create(CultureInfo.InvariantCulture, $"seen {end.Key} {end.Value - 1} "))];
        try
        {
            await _consumer.WaitUntilAsync(consumer => wanted.All(record => consumer.Output.Any(line => line.Contains(record, StringComparison.Ordinal))), "the last records", deadline);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _producer.DisposeAsync();
        await _consumer.DisposeAsync();
    }

    private static async Task EndAsync(ChildProcess client, HistoryRecorder history)
    {
        await client.FeedAsync("");
        try
        {
            int exitCode = await client.WaitForExitAsync(EndDeadline);
            if (exitCode != 0)
            {
                history.Violated($"a real client failed: {client.OutputTail(5)}");
            }
        }
        catch (TimeoutException stuck)
        {
            history.Violated($"a real client does not end: {stuck.Message}");
        }
    }

    private void AddSends(HistoryRecorder history)
    {
        Dictionary<RecordId, Send> sends = [];
        foreach ((TimeSpan time, string[] words) in Events(_producer, history))
        {
            RecordId id = words.Length > 1 ? RecordId.Parse(words[1]) : RecordId.None;
            switch (words[0])
            {
                case "send":
                    sends.Add(id, new Send(id, (int)Number(words[2]), time, time, SendOutcome.Unknown, -1));
                    break;
                case "ack":
                    // librdkafka takes a record for stored whose answer it did not get when one behind it is acknowledged: then it does not know its offset.
                    long offset = words[3] == "None" ? -1 : Number(words[3]);
                    Unplaced += offset < 0 ? 1 : 0;
                    sends[id] = sends[id] with { Completed = time, Outcome = SendOutcome.Acknowledged, Offset = offset };
                    break;
                case "fail":
                    // What never got into its queue is nowhere.
                    sends[id] = sends[id] with { Completed = time, Outcome = words[2] == "QUEUE_FULL" ? SendOutcome.Refused : SendOutcome.Unknown };
                    break;
                case "fatal":
                    // Whether it was right to take that for fatal, the raw producers show, which had the same broker.
                    FatalErrors++;
                    break;
            }
        }

        foreach (Send send in sends.Values)
        {
            if (!history.HasRoom(1))
            {
                throw new InvalidOperationException("no room for what the real clients did");
            }

            history.Completed(send);
        }
    }

    private void AddPolls(HistoryRecorder history)
    {
        // Each assignment is a seek to what was committed.
        Dictionary<int, int> sessions = [];
        foreach ((TimeSpan time, string[] words) in Events(_consumer, history))
        {
            if (words is ["assign", var assigned])
            {
                sessions[(int)Number(assigned)] = sessions.GetValueOrDefault((int)Number(assigned)) + 1;
            }
            else if (words is ["committed", var of, var next])
            {
                int partition = (int)Number(of);
                history.Committed(new Commit(_number, sessions.GetValueOrDefault(partition), partition, Number(next)));
            }
            else if (words is ["seen", var from, var offset, var value])
            {
                int partition = (int)Number(from);
                history.Polled(new Poll(_number, sessions.GetValueOrDefault(partition), partition, time, [new Seen(Number(offset), RecordId.Parse(value))]));
            }
        }
    }

    private static IEnumerable<(TimeSpan Time, string[] Words)> Events(ChildProcess client, HistoryRecorder history) =>
        client.Output.Select(line => line.Split(' ')).Where(words => words.Length > 1)
            .Select(words => (history.At(double.Parse(words[0], CultureInfo.InvariantCulture)), words[1..]));

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
