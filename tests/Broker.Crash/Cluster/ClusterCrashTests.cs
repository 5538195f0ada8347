using System.Net;
using System.Net.Sockets;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;
using Broker.ObjectStore.Local;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Clients;
using Broker.Wire.Messages;

namespace Broker.Crash.Cluster;

/// <summary>Three brokers on one bucket, as users run them, of which some are killed while producers write.</summary>
public sealed class ClusterCrashTests : IAsyncLifetime
{
    private const string Topic = "t";
    private const int Nodes = 3;
    private const int Partitions = 6;
    private readonly TempFolder _bucket = new("cluster");
    private readonly List<NodeBroker> _nodes = [];

    public Task InitializeAsync() => Task.CompletedTask;

    private async Task StartAsync(string wal = "bucket", int nodes = Nodes, string downing = "majority")
    {
        for (int id = 1; id <= nodes; id++)
        {
            NodeBroker node = new($"node.id={id}", $"object.store=file:{_bucket.Path}", $"wal.kind={wal}", "cluster.address=127.0.0.1:0", $"cluster.downing={downing}");
            _nodes.Add(node);
            await node.StartAsync();
        }

        await CreateTopicAsync();
    }

    public async Task DisposeAsync()
    {
        foreach (NodeBroker node in _nodes)
        {
            await node.DisposeAsync();
        }

        _bucket.Dispose();
    }

    // The first node is the coordinator's; it goes last, when the one that was killed before it is back.
    [SkippableTheory]
    [InlineData("bucket")]
    [InlineData("disk")]
    public async Task Nothing_acknowledged_is_lost_doubled_or_moved_when_one_node_after_the_other_is_killed(string wal)
    {
        await StartAsync(wal);
        ClusterWriter[] writers = [.. Enumerable.Range(0, Partitions).Select(partition => new ClusterWriter(Topic, partition, 100 + partition, [.. _nodes.Select(node => node.Port)]))];
        await WriteAsync(writers, 20);
        foreach (NodeBroker victim in new[] { _nodes[2], _nodes[0] })
        {
            Task writing = WriteAsync(writers, 60);
            await victim.KillAsync();
            await writing;
            await victim.StartAsync();
            await WriteAsync(writers, 20);
        }

        foreach (ClusterWriter writer in writers)
        {
            Assert.Equal(Enumerable.Range(0, 20 + (2 * 80)), await writer.ReadAsync());
            await writer.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Cluster_whose_nodes_are_all_killed_serves_everything_from_the_bucket()
    {
        await StartAsync();
        ClusterWriter[] writers = [.. Enumerable.Range(0, Partitions).Select(partition => new ClusterWriter(Topic, partition, 100 + partition, [.. _nodes.Select(node => node.Port)]))];
        await WriteAsync(writers, 30);
        foreach (NodeBroker node in _nodes)
        {
            await node.KillAsync();
        }

        foreach (NodeBroker node in _nodes.Skip(1))
        {
            await node.StartAsync();
        }

        foreach (ClusterWriter writer in writers)
        {
            Assert.Equal(Enumerable.Range(0, 30), await writer.ReadAsync());
            await writer.WriteAsync(1);
            await writer.DisposeAsync();
        }
    }

    // A port that a dead node had may be another program's by now.
    [SkippableFact]
    public async Task Node_begins_the_cluster_when_what_answers_for_the_others_is_none_of_them()
    {
        await StartAsync();
        foreach (NodeBroker node in _nodes)
        {
            await node.KillAsync();
        }

        using LocalObjectStore store = LocalObjectStore.Open(new LocalObjectStoreOptions(_bucket.Path));
        string address = (await new NodeRegistry(store).FindAsync(new NodeId(3), CancellationToken.None))!.Value.Entry.Address;
        using TcpListener waiting = new(IPEndPoint.Parse(address));
        waiting.Start();

        await _nodes[0].StartAsync();

        await using ClusterWriter writer = new(Topic, 0, 100, [_nodes[0].Port]);
        await writer.WriteAsync(1);
    }

    [SkippableFact]
    public async Task Seeds_of_the_settings_are_waited_for_and_joined()
    {
        int seed = FreePort.Take();
        foreach (int id in new[] { 1, 2 })
        {
            _nodes.Add(new NodeBroker(
                $"node.id={id}", $"object.store=file:{_bucket.Path}", "wal.kind=bucket", $"cluster.address=127.0.0.1:{(id == 1 ? seed : 0)}", $"akka.cluster.seed-nodes=[\"akka.tcp://broker@127.0.0.1:{seed}\"]"));
        }

        await _nodes[1].LaunchAsync();
        await _nodes[1].WaitForOutputAsync("has let this node into the cluster", TimeSpan.FromSeconds(60));

        await _nodes[0].StartAsync();
        await _nodes[1].WaitUntilReadyAsync();

        await CreateTopicAsync();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        Assert.Equal([1, 2], (await LeadersAsync(patience.Token)).Distinct().Order());
    }

    [SkippableFact]
    public async Task Node_that_was_frozen_and_replaced_joins_again_and_has_its_share()
    {
        await StartAsync();
        ClusterWriter[] writers = [.. Enumerable.Range(0, Partitions).Select(partition => new ClusterWriter(Topic, partition, 100 + partition, [_nodes[0].Port, _nodes[2].Port]))];
        await WriteAsync(writers, 10);
        _nodes[1].Freeze();
        await WriteAsync(writers, 20);
        _nodes[1].Thaw();

        await _nodes[1].WaitForOutputAsync("joins the cluster again", TimeSpan.FromSeconds(60));
        await WriteAsync(writers, 5);
        await HaveTheirShareAsync();
        foreach (ClusterWriter writer in writers)
        {
            Assert.Equal(Enumerable.Range(0, 35), await writer.ReadAsync());
            await writer.DisposeAsync();
        }
    }

    // What a rolling restart does, the coordinator's node last.
    [SkippableFact]
    public async Task Nodes_that_are_stopped_hand_their_partitions_over_and_have_their_share_again_when_they_are_back()
    {
        await StartAsync();
        ClusterWriter[] writers = [.. Enumerable.Range(0, Partitions).Select(partition => new ClusterWriter(Topic, partition, 100 + partition, [.. _nodes.Select(node => node.Port)]))];
        int written = 0;
        foreach (NodeBroker node in _nodes.AsEnumerable().Reverse())
        {
            Task writing = WriteAsync(writers, 30);
            Assert.Equal(0, await node.StopAsync(TimeSpan.FromSeconds(60)));
            await writing;
            Assert.Contains("This node leads nothing any more", await File.ReadAllTextAsync(node.LogFile), StringComparison.Ordinal);
            await node.StartAsync();
            await HaveTheirShareAsync();
            written += 30;
        }

        foreach (ClusterWriter writer in writers)
        {
            Assert.Equal(Enumerable.Range(0, written), await writer.ReadAsync());
            await writer.DisposeAsync();
        }
    }

    private async Task HaveTheirShareAsync()
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        while ((await LeadersAsync(patience.Token)).Where(leader => leader > 0).CountBy(leader => leader).Select(one => one.Value).ToArray() is not [Partitions / Nodes, Partitions / Nodes, Partitions / Nodes])
        {
            await Task.Delay(50, patience.Token);
        }
    }

    private async Task<IReadOnlyList<int>> LeadersAsync(CancellationToken cancellation)
    {
        await using RawConnection client = await RawConnection.ConnectAsync(_nodes[0].Port, cancellation);
        MetadataResponse metadata = await client.CallAsync<MetadataResponse>(new MetadataRequest { Topics = [new MetadataRequest.MetadataRequestTopic { Name = Topic }] }, 12, cancellation);
        return [.. metadata.Topics[0].Partitions.Select(partition => partition.LeaderId)];
    }

    [SkippableFact]
    public async Task Second_broker_with_a_nodes_id_is_refused_and_the_first_goes_on()
    {
        await StartAsync();
        await using NodeBroker twin = new("node.id=2", $"object.store=file:{_bucket.Path}", "wal.kind=bucket", "cluster.address=127.0.0.1:0");
        await twin.LaunchAsync();

        await twin.WaitForErrorAsync("node 2 of this cluster runs already", TimeSpan.FromSeconds(60));

        Assert.Equal(1, await twin.WaitForExitAsync(TimeSpan.FromSeconds(60)));
        await using ClusterWriter writer = new(Topic, 0, 100, [_nodes[1].Port]);
        await writer.WriteAsync(5);
        _nodes[1].MustBeRunning();
    }

    // As when nodes that cannot reach each other start on one bucket.
    [SkippableFact]
    public async Task Nodes_of_a_cluster_whose_metadata_another_one_takes_over_join_that_one()
    {
        await StartAsync(nodes: 2);
        ClusterWriter[] writers = [.. Enumerable.Range(0, Partitions).Select(partition => new ClusterWriter(Topic, partition, 100 + partition, [.. _nodes.Select(node => node.Port)]))];
        await WriteAsync(writers, 10);
        using LocalObjectStore store = LocalObjectStore.Open(new LocalObjectStoreOptions(_bucket.Path));
        NodeRegistry registry = new(store);
        foreach (NodeEntry entry in await registry.ListAsync(CancellationToken.None))
        {
            await registry.LeaveAsync(entry, CancellationToken.None);
        }

        await using NodeBroker other = new("node.id=3", $"object.store=file:{_bucket.Path}", "wal.kind=bucket", "cluster.address=127.0.0.1:0");
        await other.StartAsync();
        await other.WaitForOutputAsync("that are this node's to lead now", TimeSpan.FromSeconds(60));

        await WriteAsync(writers, 10);
        foreach (NodeBroker node in _nodes)
        {
            await node.WaitForOutputAsync("joins the cluster again", TimeSpan.FromSeconds(60));
        }

        foreach (ClusterWriter writer in writers)
        {
            Assert.Equal(Enumerable.Range(0, 20), await writer.ReadAsync());
            await writer.DisposeAsync();
        }

        foreach (NodeBroker node in _nodes)
        {
            Assert.DoesNotContain("moves to others before it leaves", await File.ReadAllTextAsync(node.LogFile), StringComparison.Ordinal);
        }
    }

    // The lease decides: either of the two may be the one that dies.
    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Of_two_nodes_with_a_lease_either_goes_on_without_the_other(int victim)
    {
        await StartAsync(nodes: 2, downing: "lease");
        ClusterWriter[] writers = [.. Enumerable.Range(0, Partitions).Select(partition => new ClusterWriter(Topic, partition, 100 + partition, [.. _nodes.Select(node => node.Port)]))];
        await WriteAsync(writers, 10);
        int survivor = _nodes[1 - victim].ProcessId;

        await _nodes[victim].KillAsync();

        await WriteAsync(writers, 10);
        Assert.Equal(survivor, _nodes[1 - victim].ProcessId);
        Assert.DoesNotContain("joins the cluster again", await File.ReadAllTextAsync(_nodes[1 - victim].LogFile), StringComparison.Ordinal);
        foreach (ClusterWriter writer in writers)
        {
            Assert.Equal(Enumerable.Range(0, 20), await writer.ReadAsync());
            await writer.DisposeAsync();
        }
    }

    // Without a lease the one that the majority rule ends begins anew.
    [SkippableFact]
    public async Task Of_two_nodes_without_a_lease_the_one_that_is_left_serves_again_by_itself()
    {
        await StartAsync(nodes: 2);
        ClusterWriter[] writers = [.. Enumerable.Range(0, Partitions).Select(partition => new ClusterWriter(Topic, partition, 100 + partition, [.. _nodes.Select(node => node.Port)]))];
        await WriteAsync(writers, 10);

        await _nodes[0].KillAsync();

        await WriteAsync(writers, 10);
        foreach (ClusterWriter writer in writers)
        {
            Assert.Equal(Enumerable.Range(0, 20), await writer.ReadAsync());
            await writer.DisposeAsync();
        }
    }

    private static Task WriteAsync(IEnumerable<ClusterWriter> writers, int count) => Task.WhenAll(writers.Select(writer => writer.WriteAsync(count)));

    private Task CreateTopicAsync() => CreateTopicAsync(_nodes[1]);

    private static async Task CreateTopicAsync(NodeBroker node)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        await using RawConnection client = await RawConnection.ConnectAsync(node.Port, patience.Token);
        CreateTopicsRequest request = new() { Topics = [new CreateTopicsRequest.CreatableTopic { Name = Topic, NumPartitions = Partitions, ReplicationFactor = 1 }], timeoutMs = 30_000 };
        CreateTopicsResponse made = await client.CallAsync<CreateTopicsResponse>(request, 7, patience.Token);
        Assert.Equal(0, made.Topics[0].ErrorCode);
    }
}
