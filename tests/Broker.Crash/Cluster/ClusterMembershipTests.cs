using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Broker.ObjectStore;
using Broker.ObjectStore.Cluster;
using Broker.ObjectStore.Local;
using Broker.TestSupport.Brokers;

namespace Broker.Crash.Cluster;

/// <summary>Who becomes a member of a cluster of brokers, who begins it, and who waits.</summary>
public sealed class ClusterMembershipTests : ClusterOfBrokers
{
    // A port that a dead node had may be another program's by now.
    [SkippableFact]
    public async Task Node_begins_the_cluster_when_what_answers_for_the_others_is_none_of_them()
    {
        await StartAsync();
        foreach (NodeBroker node in Brokers)
        {
            await node.KillAsync();
        }

        using LocalObjectStore store = LocalObjectStore.Open(new LocalObjectStoreOptions(Bucket.Path));
        string address = (await new NodeRegistry(store).FindAsync(new NodeId(3), CancellationToken.None))!.Value.Entry.Address;
        using TcpListener waiting = new(IPEndPoint.Parse(address));
        waiting.Start();

        await Brokers[0].StartAsync();

        await using ClusterWriter writer = new(Topic, 0, 100, [Brokers[0].Port]);
        await writer.WriteAsync(1);
    }

    // The cluster has seen it die; it stays registered.
    [SkippableFact]
    public async Task Node_that_never_came_back_is_not_waited_for_when_the_others_start_again()
    {
        await StartAsync();
        await Brokers[2].KillAsync();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        while ((await LeadersAsync(patience.Token)).Any(leader => leader is not (1 or 2)))
        {
            await Task.Delay(50, patience.Token);
        }

        await Brokers[0].KillAsync();
        await Brokers[1].KillAsync();
        await Brokers[0].LaunchAsync();
        await Brokers[1].StartAsync();

        await using ClusterWriter writer = new(Topic, 0, 100, [Brokers[1].Port]);
        await writer.WriteAsync(1);
        Assert.Contains(Brokers.Take(2), node => node.Output.Any(line => line.Contains("this one begins it", StringComparison.Ordinal)));
        foreach (NodeBroker node in Brokers.Take(2))
        {
            // Of each other they may hear nothing at first.
            Assert.DoesNotContain(node.Output, line => line.Contains("Nothing is heard of", StringComparison.Ordinal) && line.Contains("3 at", StringComparison.Ordinal));
        }
    }

    [SkippableFact]
    public async Task Seeds_of_the_settings_are_waited_for_and_joined()
    {
        int seed = FreePort.Take();
        foreach (int id in new[] { 1, 2 })
        {
            Brokers.Add(new NodeBroker(
                $"node.id={id}", $"object.store=file:{Bucket.Path}", "wal.kind=bucket", $"cluster.address=127.0.0.1:{(id == 1 ? seed : 0)}", $"akka.cluster.seed-nodes=[\"akka.tcp://broker@127.0.0.1:{seed}\"]"));
        }

        await Brokers[1].LaunchAsync();
        await Brokers[1].WaitForOutputAsync("has let this node into the cluster", TimeSpan.FromSeconds(60));

        await Brokers[0].StartAsync();
        await Brokers[1].WaitUntilReadyAsync();

        await CreateTopicAsync();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        Assert.Equal([1, 2], (await LeadersAsync(patience.Token)).Distinct().Order());
    }

    // As when a backup is looked at while the brokers live whose addresses are in it.
    [SkippableFact]
    public async Task Broker_on_a_copy_of_the_bucket_is_none_of_the_cluster()
    {
        await StartAsync(nodes: 2);
        ClusterWriter[] writers = Writers();
        await WriteAsync(writers, 10);
        using TempFolder copy = new("copy");
        Copy(Bucket.Path, copy.Path);
        await using NodeBroker other = new("node.id=3", $"object.store=file:{copy.Path}", "wal.kind=bucket", "cluster.address=127.0.0.1:0");

        await other.StartAsync();

        await other.WaitForOutputAsync("uses another one", TimeSpan.FromSeconds(60));
        await other.WaitForOutputAsync("this one begins it", TimeSpan.FromSeconds(60));
        await WriteAsync(writers, 10);
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        Assert.Equal([1, 2], (await LeadersAsync(patience.Token)).Distinct().Order());
        foreach (ClusterWriter writer in writers)
        {
            Assert.Equal(Enumerable.Range(0, 20), await writer.ReadAsync());
            await writer.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Starts_among_living_brokers_do_not_mind_registrations_that_cannot_be_read()
    {
        await StartAsync();
        await Brokers[1].KillAsync();
        using (LocalObjectStore store = LocalObjectStore.Open(new LocalObjectStoreOptions(Bucket.Path)))
        {
            foreach (string key in new[] { "cluster/nodes/0000000002", "cluster/nodes/abc" })
            {
                await store.PutAsync(new ObjectKey(key), new ReadOnlySequence<byte>(new byte[30]), PutCondition.None, CancellationToken.None);
            }
        }

        await Brokers[1].StartAsync();

        await Brokers[1].WaitForOutputAsync("is replaced", TimeSpan.FromSeconds(60));
        await Brokers[1].WaitForOutputAsync("cluster/nodes/abc", TimeSpan.FromSeconds(60));
        await using ClusterWriter writer = new(Topic, 0, 100, [Brokers[1].Port]);
        await writer.WriteAsync(5);
    }

    // As when somebody has deleted what was damaged, as the log says.
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_that_finds_no_registration_of_others_joins_those_whom_the_metadata_take_for_living(bool isFirstLost)
    {
        await StartAsync();
        await Brokers[1].KillAsync();
        using (LocalObjectStore store = LocalObjectStore.Open(new LocalObjectStoreOptions(Bucket.Path)))
        {
            foreach (string key in (string[])["cluster/nodes/0000000001", "cluster/nodes/0000000003", .. isFirstLost ? ["cluster/first"] : Array.Empty<string>()])
            {
                await store.DeleteAsync(new ObjectKey(key), CancellationToken.None);
            }
        }

        await Brokers[1].StartAsync();

        await HaveTheirShareAsync();
        Assert.DoesNotContain("this one begins it", await File.ReadAllTextAsync(Brokers[1].LogFile), StringComparison.Ordinal);
        Assert.All(Brokers, node => Assert.DoesNotContain("cannot serve any more", File.ReadAllText(node.LogFile), StringComparison.Ordinal));
    }

    [SkippableTheory]
    [InlineData("0.0.0.0:0", 2, "cluster.address")]
    [InlineData("[::]:0", 2, "cluster.address")]
    [InlineData("192.0.2.1:7000", 1, "cannot listen on 192.0.2.1:7000 (cluster.address)")]
    public async Task Address_that_others_cannot_reach_or_that_is_not_here_is_refused(string address, int exitCode, string says)
    {
        await using NodeBroker broker = new("node.id=1", $"object.store=file:{Bucket.Path}", "wal.kind=bucket", $"cluster.address={address}");
        await broker.LaunchAsync();

        await broker.WaitForErrorAsync(says, TimeSpan.FromSeconds(60));
        Assert.Equal(exitCode, await broker.WaitForExitAsync(TimeSpan.FromSeconds(60)));
    }

    [SkippableFact]
    public async Task Broker_on_another_bucket_than_its_seeds_is_refused()
    {
        await StartAsync(nodes: 2);
        using LocalObjectStore store = LocalObjectStore.Open(new LocalObjectStoreOptions(Bucket.Path));
        string seed = (await new NodeRegistry(store).FindAsync(new NodeId(1), CancellationToken.None))!.Value.Entry.Address;
        using TempFolder another = new("another");
        await using NodeBroker other = new(
            "node.id=3", $"object.store=file:{another.Path}", "wal.kind=bucket", "cluster.address=127.0.0.1:0", $"akka.cluster.seed-nodes=[\"akka.tcp://broker@{seed}\"]");
        await other.LaunchAsync();

        await other.WaitForErrorAsync("uses another bucket", TimeSpan.FromSeconds(60));

        Assert.Equal(1, await other.WaitForExitAsync(TimeSpan.FromSeconds(60)));
        await using ClusterWriter writer = new(Topic, 0, 100, [Brokers[1].Port]);
        await writer.WriteAsync(5);
    }

    [SkippableFact]
    public async Task Second_broker_with_a_nodes_id_is_refused_and_the_first_goes_on()
    {
        await StartAsync();
        await using NodeBroker twin = new("node.id=2", $"object.store=file:{Bucket.Path}", "wal.kind=bucket", "cluster.address=127.0.0.1:0");
        await twin.LaunchAsync();

        await twin.WaitForErrorAsync("node 2 of this cluster runs already", TimeSpan.FromSeconds(60));

        Assert.Equal(1, await twin.WaitForExitAsync(TimeSpan.FromSeconds(60)));
        await using ClusterWriter writer = new(Topic, 0, 100, [Brokers[1].Port]);
        await writer.WriteAsync(5);
        Brokers[1].MustBeRunning();
    }

    // Neither answers for so long that another one begins a cluster.
    [SkippableFact]
    public async Task Nodes_of_a_cluster_whose_metadata_another_one_takes_over_join_that_one()
    {
        await StartAsync(nodes: 2);
        ClusterWriter[] writers = Writers();
        await WriteAsync(writers, 10);
        Brokers.ForEach(node => node.Freeze());

        await using NodeBroker other = new("node.id=3", $"object.store=file:{Bucket.Path}", "wal.kind=bucket", "cluster.address=127.0.0.1:0");
        await other.StartAsync();
        await other.WaitForOutputAsync("that are this node's to lead now", TimeSpan.FromSeconds(60));
        Brokers.ForEach(node => node.Thaw());

        await WriteAsync(writers, 10);
        foreach (NodeBroker node in Brokers)
        {
            await node.WaitForOutputAsync("joins the cluster again", TimeSpan.FromSeconds(60));
        }

        foreach (ClusterWriter writer in writers)
        {
            Assert.Equal(Enumerable.Range(0, 20), await writer.ReadAsync());
            await writer.DisposeAsync();
        }

        foreach (NodeBroker node in Brokers)
        {
            Assert.DoesNotContain("moves to others before it leaves", await File.ReadAllTextAsync(node.LogFile), StringComparison.Ordinal);
        }
    }

    // It reaches the bucket, and none of the others at the addresses that it finds there.
    [SkippableFact]
    public async Task Start_that_is_cut_off_from_the_others_leaves_their_cluster_alone_until_it_reaches_them()
    {
        await StartAsync(nodes: 2);
        using LocalObjectStore store = LocalObjectStore.Open(new LocalObjectStoreOptions(Bucket.Path));
        NodeRegistry registry = new(store);
        IReadOnlyList<NodeEntry> entries = (await registry.ListAsync(CancellationToken.None)).Nodes;
        foreach (NodeEntry entry in entries)
        {
            await MoveAsync(entry, $"127.0.0.1:{FreePort.Take()}");
        }

        await using NodeBroker cutOff = new("node.id=3", $"object.store=file:{Bucket.Path}", "wal.kind=bucket", "cluster.address=127.0.0.1:0");
        await cutOff.LaunchAsync();
        await cutOff.WaitForOutputAsync("The cluster cannot be reached from here", TimeSpan.FromSeconds(60));
        await Brokers[0].WaitForOutputAsync("reaches the object store and none of the other nodes", TimeSpan.FromSeconds(60));
        string log = await File.ReadAllTextAsync(cutOff.LogFile);
        Assert.DoesNotContain("this one begins it", log, StringComparison.Ordinal);

        foreach (NodeEntry entry in entries)
        {
            await MoveAsync(entry, entry.Address);
        }

        await cutOff.WaitUntilReadyAsync();
        foreach (NodeBroker node in Brokers)
        {
            Assert.DoesNotContain("joins the cluster again", await File.ReadAllTextAsync(node.LogFile), StringComparison.Ordinal);
        }

        async Task MoveAsync(NodeEntry entry, string address) =>
            Assert.True(await registry.RegisterAsync(entry with { Address = address }, (await registry.FindAsync(entry.Node, CancellationToken.None))!.Value.ETag, CancellationToken.None));
    }

    // By the majority rule the other one, whose address is the higher, ends as well, and begins anew.
    [SkippableFact]
    public async Task Seed_of_the_settings_goes_on_without_the_first_of_them()
    {
        int[] ports = [.. new[] { FreePort.Take(), FreePort.Take() }.Order()];
        string seeds = string.Join(", ", ports.Select(port => $"\"akka.tcp://broker@127.0.0.1:{port}\""));
        for (int id = 1; id <= 2; id++)
        {
            Brokers.Add(new NodeBroker($"node.id={id}", $"object.store=file:{Bucket.Path}", "wal.kind=bucket", $"cluster.address=127.0.0.1:{ports[id - 1]}", $"akka.cluster.seed-nodes=[{seeds}]"));
            await Brokers[^1].StartAsync();
        }

        await CreateTopicAsync();
        await using ClusterWriter writer = new(Topic, 0, 100, [Brokers[0].Port, Brokers[1].Port]);
        await writer.WriteAsync(10);

        await Brokers[0].KillAsync();

        await writer.WriteAsync(10);
        await Brokers[0].StartAsync();
        Assert.Equal(Enumerable.Range(0, 20), await writer.ReadAsync());
    }

    // The brokers go on meanwhile: what they delete is not there.
    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories).Where(file => !file.StartsWith(Path.Combine(from, "tmp"), StringComparison.Ordinal)))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            try
            {
                File.Copy(file, target);
            }
            catch (FileNotFoundException)
            {
                // As in a listing that is older than what is read by it.
            }
        }
    }
}
