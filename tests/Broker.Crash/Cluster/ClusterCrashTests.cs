using Broker.TestSupport.Brokers;

namespace Broker.Crash.Cluster;

/// <summary>Three brokers on one bucket, as users run them, of which some are killed while producers write.</summary>
public sealed class ClusterCrashTests : ClusterOfBrokers
{
    // The first node is the coordinator's; it goes last, when the one that was killed before it is back.
    [SkippableTheory]
    [InlineData("bucket")]
    [InlineData("disk")]
    public async Task Nothing_acknowledged_is_lost_doubled_or_moved_when_one_node_after_the_other_is_killed(string wal)
    {
        await StartAsync(wal);
        ClusterWriter[] writers = Writers();
        await WriteAsync(writers, 20);
        foreach (NodeBroker victim in new[] { Brokers[2], Brokers[0] })
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
        ClusterWriter[] writers = Writers();
        await WriteAsync(writers, 30);
        foreach (NodeBroker node in Brokers)
        {
            await node.KillAsync();
        }

        foreach (NodeBroker node in Brokers.Skip(1))
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

    // Whoever comes next has followed the log, and knows where it ended.
    [SkippableFact]
    public async Task Metadata_of_which_the_newest_commit_is_lost_are_not_taken_over_until_it_is_restored()
    {
        await StartAsync();
        ClusterWriter[] writers = Writers();
        await WriteAsync(writers, 10);
        await Brokers[0].KillAsync();
        string newest = Directory.EnumerateFiles(Path.Combine(Bucket.Path, "objects", "meta.d", "log.d"), "0*").Max(StringComparer.Ordinal)!;
        string aside = Path.Combine(Bucket.Path, "aside");
        File.Move(newest, aside);

        await await Task.WhenAny(Brokers.Skip(1).Select(node => node.WaitForOutputAsync("it ends before that", TimeSpan.FromSeconds(60))));
        Assert.False(File.Exists(newest));
        File.Move(aside, newest);

        await WriteAsync(writers, 10);
        foreach (ClusterWriter writer in writers)
        {
            Assert.Equal(Enumerable.Range(0, 20), await writer.ReadAsync());
            await writer.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Node_that_was_frozen_and_replaced_joins_again_and_has_its_share()
    {
        await StartAsync();
        ClusterWriter[] writers = [.. Enumerable.Range(0, Partitions).Select(partition => new ClusterWriter(Topic, partition, 100 + partition, [Brokers[0].Port, Brokers[2].Port]))];
        await WriteAsync(writers, 10);
        Brokers[1].Freeze();
        await WriteAsync(writers, 20);
        Brokers[1].Thaw();

        await Brokers[1].WaitForOutputAsync("joins the cluster again", TimeSpan.FromSeconds(60));
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
        ClusterWriter[] writers = Writers();
        int written = 0;
        foreach (NodeBroker node in Brokers.AsEnumerable().Reverse())
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

    // The one that both give theirs to may be the other one, which is on its way out too.
    [SkippableFact]
    public async Task Nodes_that_are_stopped_together_hand_their_partitions_over_to_the_one_that_stays()
    {
        await StartAsync();
        ClusterWriter[] writers = Writers();
        await WriteAsync(writers, 10);
        Task writing = WriteAsync(writers, 60);
        int[] exitCodes = await Task.WhenAll(Brokers.Skip(1).Select(node => node.StopAsync(TimeSpan.FromSeconds(60))));
        await writing;
        Assert.All(exitCodes, code => Assert.Equal(0, code));
        await WriteAsync(writers, 10);

        // Had anything been left to them, their logs would be read.
        Assert.DoesNotContain("Its node is gone", await File.ReadAllTextAsync(Brokers[0].LogFile), StringComparison.Ordinal);
        foreach (NodeBroker node in Brokers.Skip(1))
        {
            Assert.Contains("This node leads nothing any more", await File.ReadAllTextAsync(node.LogFile), StringComparison.Ordinal);
        }

        foreach (ClusterWriter writer in writers)
        {
            Assert.Equal(Enumerable.Range(0, 80), await writer.ReadAsync());
            await writer.DisposeAsync();
        }
    }

    // The lease decides: either of the two may be the one that dies.
    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Of_two_nodes_with_a_lease_either_goes_on_without_the_other(int victim)
    {
        await StartAsync(nodes: 2, downing: "lease");
        ClusterWriter[] writers = Writers();
        await WriteAsync(writers, 10);
        int survivor = Brokers[1 - victim].ProcessId;

        await Brokers[victim].KillAsync();

        await WriteAsync(writers, 10);
        Assert.Equal(survivor, Brokers[1 - victim].ProcessId);
        Assert.DoesNotContain("joins the cluster again", await File.ReadAllTextAsync(Brokers[1 - victim].LogFile), StringComparison.Ordinal);
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
        ClusterWriter[] writers = Writers();
        await WriteAsync(writers, 10);

        await Brokers[0].KillAsync();

        await WriteAsync(writers, 10);
        foreach (ClusterWriter writer in writers)
        {
            Assert.Equal(Enumerable.Range(0, 20), await writer.ReadAsync());
            await writer.DisposeAsync();
        }
    }
}
