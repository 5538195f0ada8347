using Broker.Actors.Coordination;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using static Broker.Actors.Unit.Coordination.ClusterGround;

namespace Broker.Actors.Unit.Coordination;

/// <summary>What clients are told of a partition's replicas. Node 2 leads all of them at first.</summary>
public sealed class PartitionReplicasTests : ActorTest
{
    [Fact]
    public async Task Leader_is_the_only_replica_and_offline_when_it_is_gone()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);
        Assert.Equal("2; ", Text(ground));

        await ground.AskAsync<CommandDone>(new MarkNodeGone(Two, ground.View.Current.LiveNodes[Two].Epoch));

        Assert.Equal("2; 2", Text(ground));
    }

    [Fact]
    public async Task Partition_that_nobody_leads_has_a_node_that_is_there_for_its_replica()
    {
        ClusterGround ground = await CreateAsync(Sys, streams: 1, records: 0);

        await ground.AskAsync<StreamsAreClosed>(new CloseStreams([new StreamEnd(ground.Streams[0], new LeaderEpoch(0), Offset.Zero)]));

        PartitionReplicas replicas = Of(ground);
        Assert.Contains(Assert.Single(replicas.Nodes), ground.View.Current.LiveNodes.Keys);
        Assert.Empty(replicas.Offline);
    }

    private static string Text(ClusterGround ground)
    {
        PartitionReplicas replicas = Of(ground);
        return $"{string.Join(", ", replicas.Nodes)}; {string.Join(", ", replicas.Offline)}";
    }

    private static PartitionReplicas Of(ClusterGround ground) => PartitionReplicas.Of(ground.View.Current, ground.View.Current.Streams[ground.Streams[0]]);
}
