using Broker.Chaos.Histories;

namespace Broker.Chaos.Clients;

/// <summary>All clients of our own: producers and consumers of each partition, which work until they are stopped.</summary>
internal sealed class Load
{
    private const int ProducersOfAPartition = 2;
    private const int ConsumersOfAPartition = 2;
    private const int FirstConsumer = 100;

    /// <summary>Every other producer gives up a batch after this; longer than a take-over, shorter than some faults.</summary>
    private static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(8);

    private readonly HistoryRecorder _history;
    private readonly RawProducer[] _producers;
    private readonly RawConsumer[] _consumers;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _producing;
    private readonly Task _consuming;

    public Load(int partitions, Func<ClusterClient> newClient, HistoryRecorder history, TimeSpan pace, double bytesPerSecond)
    {
        _history = history;
        int valueBytes = (int)(bytesPerSecond * pace.TotalSeconds / (partitions * ProducersOfAPartition * RawProducer.MeanRecords));
        _producers = [.. Enumerable.Range(0, partitions * ProducersOfAPartition).Select(i => new RawProducer(i, i % partitions, newClient(), history, new Flow(pace, valueBytes), i < partitions ? null : ShortPatience))];
        _consumers = [.. Enumerable.Range(0, partitions * ConsumersOfAPartition).Select(i => new RawConsumer(FirstConsumer + (i / partitions), i % partitions, newClient(), history))];
        _producing = Task.WhenAll(_producers.Select(producer => producer.RunAsync(_ending.Token)));
        _consuming = Task.WhenAll(_consumers.Select(consumer => consumer.RunAsync(_ending.Token)));
    }

    /// <summary>What ended a client that must not end: a task that has failed, or one that goes on.</summary>
    public Task Broken => _producing.IsFaulted ? _producing : _consuming.IsFaulted ? _consuming : Task.CompletedTask;

    /// <summary>Waits until each partition has acknowledged something more, by each kind of producer.</summary>
    /// <returns>The partitions that had nothing within <paramref name="deadline"/>.</returns>
    public async Task<IReadOnlyList<int>> ProgressAsync(TimeSpan deadline)
    {
        int[] before = [.. _producers.Select(producer => producer.Acknowledged)];
        TimeSpan end = _history.Now + deadline;
        while (true)
        {
            await Broken;
            int[] waiting = [.. _producers.Where((producer, i) => producer.Acknowledged == before[i]).Select(producer => producer.Partition).Distinct()];
            if (waiting.Length == 0 || _history.Now > end)
            {
                return waiting;
            }

            await Task.Delay(ClusterClient.Pause);
        }
    }

    /// <summary>No new records from now on; returns when all are acknowledged.</summary>
    /// <returns>Whether they were within <paramref name="deadline"/>.</returns>
    public async Task<bool> StopProducingAsync(TimeSpan deadline)
    {
        foreach (RawProducer producer in _producers)
        {
            producer.Stop();
        }

        return await Task.WhenAny(_producing, Task.Delay(deadline)) == _producing;
    }

    /// <summary>Waits until all consumers are at the ends of their partitions, and ends all clients.</summary>
    /// <returns>The partitions whose consumers were not within <paramref name="deadline"/>.</returns>
    public async Task<IReadOnlyList<int>> EndAsync(IReadOnlyDictionary<int, long> ends, TimeSpan deadline)
    {
        TimeSpan end = _history.Now + deadline;
        int[] behind;
        do
        {
            await Broken;
            behind = [.. _consumers.Where(consumer => consumer.Position < ends[consumer.Partition]).Select(consumer => consumer.Partition).Distinct()];
            await Task.Delay(ClusterClient.Pause);
        }
        while (behind.Length > 0 && _history.Now < end);
        await _ending.CancelAsync();
        await Task.WhenAll(_producing, _consuming);
        return behind;
    }
}
