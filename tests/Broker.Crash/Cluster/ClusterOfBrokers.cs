using Broker.TestSupport.Brokers;
using Broker.TestSupport.Clients;
using Broker.Wire.Messages;

namespace Broker.Crash.Cluster;

/// <summary>Brokers on one bucket, as users run them.</summary>
public abstract class ClusterOfBrokers : IAsyncLifetime
{
    protected const string Topic = "t";
    protected const int Nodes = 3;
    protected const int Partitions = 6;

    private protected TempFolder Bucket { get; } = new("cluster");

    private protected List<NodeBroker> Brokers { get; } = [];

    public Task InitializeAsync() => Task.CompletedTask;

    protected async Task StartAsync(string wal = "bucket", int nodes = Nodes, string downing = "majority")
    {
        for (int id = 1; id <= nodes; id++)
        {
            NodeBroker node = new($"node.id={id}", $"object.store=file:{Bucket.Path}", $"wal.kind={wal}", "cluster.address=127.0.0.1:0", $"cluster.downing={downing}");
            Brokers.Add(node);
            await node.StartAsync();
        }

        await CreateTopicAsync();
    }

    public virtual async Task DisposeAsync()
    {
        foreach (NodeBroker node in Brokers)
        {
            await node.DisposeAsync();
        }

        Bucket.Dispose();
    }

    protected async Task HaveTheirShareAsync()
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        while ((await LeadersAsync(patience.Token)).Where(leader => leader > 0).CountBy(leader => leader).Select(one => one.Value).ToArray() is not [Partitions / Nodes, Partitions / Nodes, Partitions / Nodes])
        {
            await Task.Delay(50, patience.Token);
        }
    }

    protected async Task<IReadOnlyList<int>> LeadersAsync(CancellationToken cancellation, int asked = 0)
    {
        await using RawConnection client = await RawConnection.ConnectAsync(Brokers[asked].Port, cancellation);
        MetadataResponse metadata = await client.CallAsync<MetadataResponse>(new MetadataRequest { Topics = [new MetadataRequest.MetadataRequestTopic { Name = Topic }] }, 12, cancellation);
        return [.. metadata.Topics[0].Partitions.Select(partition => partition.LeaderId)];
    }

    /// <summary>One for each partition, which knows all brokers.</summary>
    private protected ClusterWriter[] Writers() =>
        [.. Enumerable.Range(0, Partitions).Select(partition => new ClusterWriter(Topic, partition, 100 + partition, [.. Brokers.Select(node => node.Port)]))];

    private protected async Task WriteAsync(IEnumerable<ClusterWriter> writers, int count)
    {
        try
        {
            await Task.WhenAll(writers.Select(writer => writer.WriteAsync(count)));
        }
        catch (OperationCanceledException late)
        {
            throw new TimeoutException($"nobody acknowledges; {LastWords()}", late);
        }
    }

    /// <summary>What the brokers said last, for a test that fails.</summary>
    private protected string LastWords() => $"what the brokers said last:\n{string.Join('\n', Brokers.SelectMany(LastWordsOf))}";

    private static IEnumerable<string> LastWordsOf(NodeBroker node) => File.ReadLines(node.LogFile).TakeLast(60).Prepend($"--- {node.LogFile}");

    protected async Task CreateTopicAsync(string topic = Topic)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        await using RawConnection client = await RawConnection.ConnectAsync(Brokers[1].Port, patience.Token);
        CreateTopicsRequest request = new() { Topics = [new CreateTopicsRequest.CreatableTopic { Name = topic, NumPartitions = Partitions, ReplicationFactor = 1 }], timeoutMs = 30_000 };
        CreateTopicsResponse made = await client.CallAsync<CreateTopicsResponse>(request, 7, patience.Token);
        Assert.Equal(0, made.Topics[0].ErrorCode);
    }
}
