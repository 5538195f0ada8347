using System.Diagnostics;
using Broker.Crash.History;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Clients;

namespace Broker.Crash.Pipelined;

/// <summary>
/// Idempotent producers with five requests in flight each, and a committing reader, on a broker that goes and comes
/// back; at the end, all that they know as a history. Needs nothing but the broker.
/// </summary>
internal sealed class PipelinedRun : IAsyncDisposable
{
    private const int Partitions = 6;
    private const int Producers = 4;

    /// <summary>Acknowledged batches of each producer that make progress: more than what was on its way before.</summary>
    private const int ProgressBatches = 2 * PartitionWindow.MaxInFlight * Partitions;

    /// <summary>How old the records of one producer are: as when years of history are copied into a topic.</summary>
    private static readonly TimeSpan OldRecords = TimeSpan.FromDays(365);

    private static readonly TimeSpan ProgressDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ProgressPoll = TimeSpan.FromMilliseconds(10);

    private readonly BrokerUnderTest _broker;
    private readonly CrashTopic _topic = new("pipelined", Partitions);
    private readonly List<IdempotentProducer> _producers = [];
    private readonly List<Task> _clients = [];
    private readonly OffsetCommitter _committer;
    private readonly CancellationTokenSource _abort = new();

    private PipelinedRun(BrokerUnderTest broker)
    {
        _broker = broker;
        _committer = new OffsetCommitter(_topic, "pipelined-group");
    }

    public IReadOnlyList<IdempotentProducer> AllProducers => _producers;

    /// <summary>Starts the broker with an empty data folder, and the load on it.</summary>
    public static async Task<PipelinedRun> StartAsync(BrokerUnderTest broker, Random random)
    {
        await broker.StartAsync();
        PipelinedRun run = new(broker);
        await using (RawConnection connection = await RawConnection.ConnectAsync(broker.Port, run._abort.Token))
        {
            await run._topic.CreateAsync(connection, run._abort.Token);
        }

        long nowMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        for (int i = 0; i < Producers; i++)
        {
            long timestampMs = i == 0 ? nowMs - (long)OldRecords.TotalMilliseconds : nowMs;
            IdempotentProducer producer = new(run._topic, i, timestampMs, random.Next());
            run._producers.Add(producer);
            run._clients.Add(producer.RunAsync(broker.Port, run._abort.Token));
        }

        run._clients.Add(run._committer.RunAsync(broker.Port, run._abort.Token));
        return run;
    }

    /// <summary>Returns when every producer has had batches acknowledged, and the reader a commit, from now on.</summary>
    /// <exception cref="ProtocolViolationException">The broker gave a client an answer that it must never give.</exception>
    public async Task WaitForProgressAsync()
    {
        int[] before = [.. _producers.Select(producer => producer.AcknowledgedBatches)];
        int commits = _committer.AcknowledgedCommits;
        await WaitUntilAsync(
            () => _committer.AcknowledgedCommits > commits && _producers.Select((producer, i) => producer.AcknowledgedBatches >= before[i] + ProgressBatches).All(has => has),
            ProgressDeadline);
    }

    /// <summary>Returns when every producer has had a batch acknowledged from now on.</summary>
    /// <exception cref="ProtocolViolationException">The broker gave a client an answer that it must never give.</exception>
    public async Task WaitForAcknowledgementsAsync(TimeSpan deadline)
    {
        int[] before = [.. _producers.Select(producer => producer.AcknowledgedBatches)];
        await WaitUntilAsync(() => _producers.Select((producer, i) => producer.AcknowledgedBatches > before[i]).All(has => has), deadline);
    }

    private async Task WaitUntilAsync(Func<bool> hasProgressed, TimeSpan deadline)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!hasProgressed())
        {
            if (_clients.Find(client => client.IsFaulted) is { } failed)
            {
                await failed;
            }

            _broker.MustBeRunning();
            Assert.True(waited.Elapsed < deadline, $"no progress within {deadline}; the broker's log is {_broker.LogFile}");
            await Task.Delay(ProgressPoll);
        }
    }

    /// <summary>Ends the load when all of it is acknowledged, reads everything back, and returns what happened.</summary>
    public async Task<RunHistory> FinishAsync()
    {
        _broker.MustBeRunning();
        _committer.Stop();
        foreach (IdempotentProducer producer in _producers)
        {
            producer.Stop();
        }

        await Task.WhenAll(_clients).WaitAsync(ProgressDeadline);
        return new RunHistory(
            Partitions, [.. _producers.Select(producer => producer.History)], _committer.Seen, _committer.Commits, await ReadAllAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _abort.CancelAsync();
        await Task.WhenAll(_clients).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _abort.Dispose();
    }

    private async Task<Dictionary<int, StoredPartition>> ReadAllAsync()
    {
        using CancellationTokenSource deadline = new(ProgressDeadline);
        await using RawConnection connection = await RawConnection.ConnectAsync(_broker.Port, deadline.Token);
        Dictionary<int, long> starts = await _topic.StartOffsetsAsync(connection, deadline.Token);
        Dictionary<int, long> ends = await _topic.EndOffsetsAsync(connection, deadline.Token);
        Dictionary<int, List<(long, RecordId)>> records = starts.ToDictionary(pair => pair.Key, _ => new List<(long, RecordId)>());
        Dictionary<int, long> next = starts.Where(pair => pair.Value < ends[pair.Key]).ToDictionary();
        while (next.Count > 0)
        {
            foreach ((Position position, RecordId id) in await _topic.FetchAsync(connection, next, deadline.Token))
            {
                records[position.Partition].Add((position.Offset, id));
                next[position.Partition] = position.Offset + 1;
            }

            next = next.Where(pair => pair.Value < ends[pair.Key]).ToDictionary();
        }

        return records.ToDictionary(
            pair => pair.Key, pair => new StoredPartition(starts[pair.Key], ends[pair.Key], pair.Value));
    }
}
