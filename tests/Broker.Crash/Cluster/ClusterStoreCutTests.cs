using System.Diagnostics;
using Broker.ObjectStore.S3;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.S3;

namespace Broker.Crash.Cluster;

/// <summary>Three brokers on a bucket of Ceph's gateway, each by a proxy of its own, of which some do not reach it.</summary>
public sealed class ClusterStoreCutTests : ClusterOfBrokers
{
    private const string Leaves = "and others of the cluster do: it leaves";

    // Of three nodes, each of which asks for itself and for the two others: several times the rounds after which one would have left that is alone with it.
    private const int Tries = 3 * 8;

    // Of the 12 s for which one that has come back gets nothing that others lead, some pass before it is seen to serve.
    private static readonly TimeSpan Settles = TimeSpan.FromSeconds(8);

    private readonly List<FaultProxy> _proxies = [];

    // The first one coordinates.
    [SkippableTheory]
    [InlineData("hangs")]
    [InlineData("writes hang")]
    [InlineData("access denied")]
    public async Task Node_that_does_not_reach_the_bucket_is_replaced_also_as_coordinator_and_comes_back_when_it_does(string fault)
    {
        await StartOnCephAsync();
        ClusterWriter[] writers = Writers();
        await WriteAsync(writers, 20);
        _proxies[0].Inject(
            request => fault != "writes hang" || request.Method == "PUT",
            fault == "access denied" ? ProxyFault.Answer(403, "AccessDenied", isForwarded: false) : ProxyFault.HangBefore,
            int.MaxValue);

        await WriteAsync(writers, 40);
        await CreateTopicAsync("meanwhile");
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        int[] leaders = [.. (await LeadersAsync(patience.Token, asked: 1)).Distinct().Order()];
        Assert.True(leaders is [2, 3], $"led by [{string.Join(", ", leaders)}]; {LastWords()}");
        Assert.Contains(Brokers[0].Output, line => line.Contains(Leaves, StringComparison.Ordinal));

        // A first start would end by the second denial.
        int tries = _proxies[0].Requests.Count;
        while (fault == "access denied" && (_proxies[0].Requests.Count < tries + 4 || !Brokers[0].Output.Any(line => line.Contains("Waiting for the store", StringComparison.Ordinal))))
        {
            await Task.Delay(50, patience.Token);
        }

        _proxies[0].Heal();
        await Brokers[0].WaitUntilReadyAsync();
        long since = Stopwatch.GetTimestamp();
        await HaveTheirShareAsync();
        Assert.True(Stopwatch.GetElapsedTime(since) > Settles, $"led partitions of others after {Stopwatch.GetElapsedTime(since)}");
        await WriteAsync(writers, 20);
        await ReadAsync(writers, 80);
    }

    [SkippableFact]
    public async Task Bucket_that_nobody_reaches_takes_no_node_out()
    {
        await StartOnCephAsync();
        ClusterWriter[] writers = Writers();
        await WriteAsync(writers, 20);
        Task writing = WriteAsync(writers, 20);
        int[] before = [.. _proxies.Select(TriesOf)];
        foreach (FaultProxy proxy in _proxies)
        {
            proxy.Inject(_ => true, ProxyFault.HangBefore, int.MaxValue);
        }

        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        while (_proxies.Zip(before, (proxy, earlier) => TriesOf(proxy) - earlier).Any(tries => tries < Tries))
        {
            await Task.Delay(50, patience.Token);
        }

        foreach (FaultProxy proxy in _proxies)
        {
            proxy.Heal();
        }

        await writing;
        await ReadAsync(writers, 40);
        Assert.All(Brokers, broker => Assert.DoesNotContain(broker.Output, line => line.Contains(Leaves, StringComparison.Ordinal) || line.Contains("joins the cluster again", StringComparison.Ordinal)));
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        foreach (FaultProxy proxy in _proxies)
        {
            await proxy.DisposeAsync();
        }
    }

    private static int TriesOf(FaultProxy proxy) => proxy.Requests.Count(request => request.Method == "HEAD" && request.Target.Contains("/cluster/nodes/", StringComparison.Ordinal));

    private async Task StartOnCephAsync()
    {
        CephGateway gateway = await CephGateway.SharedAsync();
        S3ObjectStoreOptions bucket = await gateway.NewBucketAsync();
        for (int id = 1; id <= Nodes; id++)
        {
            FaultProxy proxy = new(gateway.Endpoint);
            _proxies.Add(proxy);
            NodeBroker node = new($"node.id={id}", $"object.store=s3://{bucket.Bucket}/cluster", $"s3.endpoint={proxy.Endpoint}", "s3.path.style=true", "wal.kind=bucket", "cluster.address=127.0.0.1:0");
            Brokers.Add(node);
            await node.StartAsync();
        }

        await CreateTopicAsync();
    }

    private static async Task ReadAsync(IEnumerable<ClusterWriter> writers, int count)
    {
        foreach (ClusterWriter writer in writers)
        {
            Assert.Equal(Enumerable.Range(0, count), await writer.ReadAsync());
            await writer.DisposeAsync();
        }
    }
}
