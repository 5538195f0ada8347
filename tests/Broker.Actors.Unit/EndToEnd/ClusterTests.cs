using System.Buffers;
using System.Text;
using Broker.Actors.Coordination;
using Broker.ObjectStore;
using Broker.Wire;
using Broker.Wire.Messages;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>Several nodes on one bucket: who leads what, and what becomes of it when one is gone.</summary>
public sealed class ClusterTests : IAsyncLifetime
{
    private const int Partitions = 6;
    private const long ProducerId = 77;
    private readonly TestCluster _cluster = new();
    private readonly Dictionary<int, TestClient> _clients = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (TestClient client in _clients.Values)
        {
            await client.DisposeAsync();
        }

        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Partitions_are_spread_over_the_nodes_and_each_tells_clients_of_all()
    {
        await StartAsync(3);

        MetadataResponse seen = await MetadataAsync(2);

        Assert.Equal([(1, 9001), (2, 9002), (3, 9003)], seen.Brokers.Select(broker => (broker.NodeId, broker.Port)));
        Assert.Equal([2, 2, 2], seen.Topics[0].Partitions.CountBy(partition => partition.LeaderId).Select(one => one.Value));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await ProduceAsync(OtherThan(LeaderOf(seen, 0)), 0, 0)).Error);
        Assert.Equal((ErrorCode.None, 0), await ProduceAsync(LeaderOf(seen, 0), 0, 0));
    }

    [Fact]
    public async Task Manual_assignments_say_which_broker_leads_a_partition_first()
    {
        await StartAsync(2);
        CreateTopicsRequest request = new() { Topics = [Assigned("assigned", 2, 2, 1, 2)], timeoutMs = 20_000 };
        Assert.Equal(0, (await Client(1).CallAsync<CreateTopicsResponse>(request, 7)).Topics[0].ErrorCode);

        MetadataResponse seen = await Client(1).CallAsync<MetadataResponse>(new MetadataRequest { Topics = [new MetadataRequest.MetadataRequestTopic { Name = "assigned" }] }, 12);
        Assert.Equal([2, 2, 1, 2], seen.Topics[0].Partitions.OrderBy(partition => partition.PartitionIndex).Select(partition => partition.LeaderId));

        request = new() { Topics = [Assigned("nobody", 2, 7)], timeoutMs = 20_000 };
        CreateTopicsResponse refused = await Client(1).CallAsync<CreateTopicsResponse>(request, 7);
        Assert.Equal((short)ErrorCode.InvalidReplicaAssignment, refused.Topics[0].ErrorCode);
        Assert.Contains("(1, 2)", refused.Topics[0].ErrorMessage, StringComparison.Ordinal);
    }

    private static CreateTopicsRequest.CreatableTopic Assigned(string name, params int[] leaders) => new()
    {
        Name = name,
        NumPartitions = -1,
        ReplicationFactor = -1,
        Assignments = [.. leaders.Select((leader, partition) => new CreateTopicsRequest.CreatableReplicaAssignment { PartitionIndex = partition, BrokerIds = [leader] })],
    };

    // Others may wait for this start: it may be the node by which they would come to lead what nobody leads.
    [Fact]
    public async Task Start_whose_coordinator_dies_before_it_answers_ends_so_that_it_is_tried_again()
    {
        Task<TestNode> start = _cluster.StartWithoutAsync<OpenStreams>(1, TimeSpan.FromMilliseconds(500));

        StorageException lost = await Assert.ThrowsAsync<StorageException>(() => start.WaitAsync(Eventually.Patience));

        Assert.Equal(StorageErrorKind.Unavailable, lost.Kind);
    }

    [Fact]
    public async Task Start_goes_on_when_what_it_asked_is_lost_and_another_coordinator_does_not_know_of_it()
    {
        await using TestNode node = await _cluster.StartWithoutAsync<OpenStreams>(1, Eventually.Patience, lost: 2).WaitAsync(Eventually.Patience);

        Assert.True(node.System.Fenced.Status is TaskStatus.WaitingForActivation);
    }

    // KIP-951.
    [Fact]
    public async Task Client_that_asks_the_wrong_node_is_told_who_leads_and_where_that_is()
    {
        await StartAsync(2);
        MetadataResponse seen = await MetadataAsync(1);
        int partition = seen.Topics[0].Partitions.First(one => one.LeaderId == 2).PartitionIndex;

        ProduceResponse produced = await Client(1).CallAsync<ProduceResponse>(Produce(partition, 0), 12);
        ProduceResponse.LeaderIdAndEpoch leader = produced.Responses[0].PartitionResponses[0].CurrentLeader;
        FetchRequest fetch = Fetch(partition);
        fetch.Topics[0].TopicId = seen.Topics[0].TopicId;
        FetchResponse fetched = await Client(1).CallAsync<FetchResponse>(fetch, 16);
        FetchResponse.LeaderIdAndEpoch fetchLeader = fetched.Responses[0].Partitions[0].CurrentLeader;

        Assert.Equal((2, 0, 2, 0), (leader.LeaderId, leader.LeaderEpoch, fetchLeader.LeaderId, fetchLeader.LeaderEpoch));
        Assert.Equal([(2, 9002)], produced.NodeEndpoints.Select(node => (node.NodeId, node.Port)));
        Assert.Equal([(2, 9002)], fetched.NodeEndpoints.Select(node => (node.NodeId, node.Port)));
    }

    [Fact]
    public async Task Partitions_of_a_node_that_dies_go_on_elsewhere_with_all_that_was_acknowledged()
    {
        await StartAsync(3);
        MetadataResponse before = await MetadataAsync(1);
        for (int partition = 0; partition < Partitions; partition++)
        {
            for (int i = 0; i < 5; i++)
            {
                Assert.Equal((ErrorCode.None, i), await ProduceAsync(LeaderOf(before, partition), partition, i));
            }
        }

        await _cluster.KillAsync(3);

        await Eventually.HoldsAsync(async () => (await MetadataAsync(1)).Topics[0].Partitions.All(partition => partition.LeaderId is 1 or 2), "not all partitions have a leader again");
        MetadataResponse after = await MetadataAsync(1);
        for (int partition = 0; partition < Partitions; partition++)
        {
            int leader = LeaderOf(after, partition);

            // A batch that is sent again is known, also to the new leader.
            Assert.Equal((ErrorCode.None, 4), await ProducedAsync(leader, partition, 4));
            Assert.Equal((ErrorCode.None, 5), await ProducedAsync(leader, partition, 5));
            Assert.Equal(["0", "1", "2", "3", "4", "5"], await ValuesAsync(leader, partition));
        }

        Assert.All(after.Topics[0].Partitions, partition => Assert.Equal(LeaderOf(before, partition.PartitionIndex) == 3 ? 1 : 0, partition.LeaderEpoch));
    }

    [Fact]
    public async Task Node_that_only_seems_dead_acknowledges_nothing_once_others_have_taken_over()
    {
        await StartAsync(2);
        MetadataResponse before = await MetadataAsync(1);
        int partition = before.Topics[0].Partitions.First(one => one.LeaderId == 2).PartitionIndex;
        Assert.Equal((ErrorCode.None, 0), await ProduceAsync(2, partition, 0));
        await using TestNode zombie = _cluster.CutOff(2);
        await Eventually.HoldsAsync(async () => (await MetadataAsync(1)).Topics[0].Partitions.All(one => one.LeaderId == 1), "the other node does not take over");

        (ErrorCode error, _) = await ProduceAsync(2, partition, 1);

        Assert.Contains(error, new[] { ErrorCode.NotLeaderOrFollower, ErrorCode.KafkaStorageError });
        Assert.Equal((ErrorCode.None, 1), await ProducedAsync(1, partition, 1));
        Assert.Equal(["0", "1"], await ValuesAsync(1, partition));
    }

    // Its log would tell it with the next append, of which there is none.
    [Fact]
    public async Task Node_that_was_replaced_while_it_was_idle_hears_of_it()
    {
        await StartAsync(2);
        await using TestNode zombie = _cluster.CutOff(2);

        Exception reason = await zombie.System.Fenced.WaitAsync(Eventually.Patience);

        Assert.Contains("is gone", reason.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_that_comes_back_leads_again_and_logs_of_the_dead_are_released()
    {
        await StartAsync(2);
        for (int partition = 0; partition < Partitions; partition++)
        {
            await ProduceAsync(LeaderOf(await MetadataAsync(1), partition), partition, 0);
        }

        await _cluster.KillAsync(2);
        await Eventually.HoldsAsync(async () => (await MetadataAsync(1)).Topics[0].Partitions.All(one => one.LeaderId == 1), "the other node does not take over");
        _clients.Remove(2);
        await _cluster.StartAsync(2);
        CreateTopicsRequest request = new() { Topics = [new CreateTopicsRequest.CreatableTopic { Name = "u", NumPartitions = 4, ReplicationFactor = 1 }], timeoutMs = 20_000 };
        await Client(2).CallAsync<CreateTopicsResponse>(request, 7);

        await Eventually.HoldsAsync(() => _cluster.View.Current.Streams.Values.Any(stream => stream.Leader == new NodeId(2)), "the node leads nothing again");
        await Eventually.HoldsAsync(() => _cluster.View.Current.Wals.Values.All(wal => !wal.IsFenced), "the log of the dead is not released");
        Assert.Equal(2, _cluster.View.Current.Wals.Count);
    }

    // Its log was fenced, and nobody was there to take over: it finds its partitions as another would.
    [Fact]
    public async Task Node_that_comes_back_with_another_log_leads_again_with_all_that_the_fenced_one_holds()
    {
        await StartAsync(1);
        for (int partition = 0; partition < Partitions; partition++)
        {
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal((ErrorCode.None, i), await ProduceAsync(1, partition, i));
            }
        }

        await _cluster.KillAsync(1);
        await Eventually.HoldsAsync(() => _cluster.View.Current.Wals.Values.All(wal => wal.IsFenced), "the log is not fenced");
        _clients.Remove(1);
        await _cluster.StartAsync(1);

        for (int partition = 0; partition < Partitions; partition++)
        {
            Assert.Equal((ErrorCode.None, 3), await ProducedAsync(1, partition, 3));
            Assert.Equal(["0", "1", "2", "3"], await ValuesAsync(1, partition));
        }
    }

    // Nobody else has what is not uploaded, or knows the producers, but by what the leader leaves behind.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Partition_that_moves_between_living_nodes_takes_its_records_and_producers_along(bool isNextKnown)
    {
        await StartAsync(2);
        int partition = (await MetadataAsync(1)).Topics[0].Partitions.First(one => one.LeaderId == 2).PartitionIndex;
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal((ErrorCode.None, i), await ProduceAsync(2, partition, i));
        }

        // More than once, and back again.
        for (int move = 0, sequence = 3; move < 4; move++)
        {
            (int from, int to) = move % 2 == 0 ? (2, 1) : (1, 2);
            _cluster.NextSeats.See(isNextKnown ? [new NodeId(1), new NodeId(2)] : []);
            Task<(ErrorCode Error, long)>[] meanwhile = [ProduceOnceAsync(from, partition, sequence), MoveAsync(partition, from, to)];
            (ErrorCode error, _) = (await Task.WhenAll(meanwhile))[0];

            Assert.Contains(error, new[] { ErrorCode.None, ErrorCode.NotLeaderOrFollower });
            Assert.Equal((ErrorCode.None, sequence), await ProducedAsync(to, partition, sequence));
            Assert.Equal((ErrorCode.NotLeaderOrFollower, -1), await ProduceAsync(from, partition, sequence + 1));
            sequence++;
            Assert.Equal(Enumerable.Range(0, sequence).Select(i => $"{i}"), await ValuesAsync(to, partition));
        }

        // The new leader may take appends before the old one hears who it is.
        await Eventually.HoldsAsync(
            async () => (await MetadataAsync(1)).Topics[0].Partitions.Single(one => one.PartitionIndex == partition).LeaderEpoch == 4, "the node does not hear of the last move");
        Assert.All(_cluster.View.Current.Wals.Values, wal => Assert.False(wal.IsFenced));
    }

    [Fact]
    public async Task Node_whose_partition_was_given_up_dies_without_taking_anything_along()
    {
        await StartAsync(2);
        int partition = (await MetadataAsync(1)).Topics[0].Partitions.First(one => one.LeaderId == 2).PartitionIndex;
        await ProduceAsync(2, partition, 0);
        await MoveAsync(partition, 2, 1);
        Assert.Equal((ErrorCode.None, 1), await ProducedAsync(1, partition, 1));

        await _cluster.KillAsync(2);

        await Eventually.HoldsAsync(async () => (await MetadataAsync(1)).Topics[0].Partitions.All(one => one.LeaderId == 1), "the other node does not take over");
        Assert.Equal(1, (await MetadataAsync(1)).Topics[0].Partitions.Single(one => one.PartitionIndex == partition).LeaderEpoch);
        Assert.Equal(["0", "1"], await ValuesAsync(1, partition));
    }

    private async Task<(ErrorCode Error, long Offset)> MoveAsync(int partition, int from, int to)
    {
        await _cluster.MoveAsync(_cluster.View.Current.FindTopic("t")!.Partitions[partition], from, to);
        return (ErrorCode.None, 0);
    }

    // Beside other requests of the node, so over a connection of its own.
    private async Task<(ErrorCode Error, long Offset)> ProduceOnceAsync(int node, int partition, int sequence)
    {
        await using TestClient client = _cluster.Nodes[new NodeId(node)].Connect();
        return await ProduceAsync(client, partition, sequence);
    }

    private async Task StartAsync(int nodes)
    {
        for (int id = 1; id <= nodes; id++)
        {
            await _cluster.StartAsync(id);
        }

        CreateTopicsRequest request = new() { Topics = [new CreateTopicsRequest.CreatableTopic { Name = "t", NumPartitions = Partitions, ReplicationFactor = 1 }], timeoutMs = 20_000 };
        CreateTopicsResponse made = await Client(1).CallAsync<CreateTopicsResponse>(request, 7);
        Assert.Equal(0, made.Topics[0].ErrorCode);
        for (int id = 1; id <= nodes; id++)
        {
            await Eventually.HoldsAsync(
                async () => (await MetadataAsync(id)).Topics is [{ ErrorCode: 0 } topic] && topic.Partitions.All(partition => partition.ErrorCode == 0), $"node {id} does not know the topic");
        }

        await Eventually.HoldsAsync(() => _cluster.View.Current.FindTopic("t") is not null, "the cluster's own image does not have the topic");
    }

    private TestClient Client(int node)
    {
        if (!_clients.TryGetValue(node, out TestClient? client))
        {
            _clients[node] = client = _cluster.Nodes[new NodeId(node)].Connect();
        }

        return client;
    }

    private Task<MetadataResponse> MetadataAsync(int node) => Client(node).CallAsync<MetadataResponse>(
        new MetadataRequest { Topics = [new MetadataRequest.MetadataRequestTopic { Name = "t" }] }, 12);

    private static int LeaderOf(MetadataResponse metadata, int partition) => metadata.Topics[0].Partitions.Single(one => one.PartitionIndex == partition).LeaderId;

    private static int OtherThan(int node) => node == 1 ? 2 : 1;

    private async Task<(ErrorCode Error, long Offset)> ProducedAsync(int node, int partition, int sequence)
    {
        (ErrorCode Error, long Offset) produced = default;
        await Eventually.HoldsAsync(async () => (produced = await ProduceAsync(node, partition, sequence)).Error == ErrorCode.None, $"node {node} takes nothing for partition {partition}");
        return produced;
    }

    private Task<(ErrorCode Error, long Offset)> ProduceAsync(int node, int partition, int sequence) => ProduceAsync(Client(node), partition, sequence);

    private static async Task<(ErrorCode Error, long Offset)> ProduceAsync(TestClient client, int partition, int sequence)
    {
        ProduceResponse.PartitionProduceResponse got = (await client.CallAsync<ProduceResponse>(Produce(partition, sequence), 9)).Responses[0].PartitionResponses[0];
        return ((ErrorCode)got.ErrorCode, got.BaseOffset);
    }

    private static ProduceRequest Produce(int partition, int sequence)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions { ProducerId = ProducerId, ProducerEpoch = 0, BaseSequence = sequence });
        builder.Append(1_700_000_000_000, null, Encoding.UTF8.GetBytes($"{sequence}"));
        return new ProduceRequest
        {
            Acks = -1,
            TimeoutMs = 20_000,
            TopicData = [new ProduceRequest.TopicProduceData { Name = "t", PartitionData = [new ProduceRequest.PartitionProduceData { Index = partition, Records = new ReadOnlySequence<byte>(builder.ToArray()) }] }],
        };
    }

    private static FetchRequest Fetch(int partition, long from = 0) => new()
    {
        MaxBytes = 1 << 20,
        MinBytes = 1,
        Topics = [new FetchRequest.FetchTopic { Topic = "t", Partitions = [new FetchRequest.FetchPartition { Partition = partition, FetchOffset = from, PartitionMaxBytes = 1 << 20, CurrentLeaderEpoch = -1 }] }],
    };

    private async Task<string[]> ValuesAsync(int node, int partition)
    {
        List<string> values = [];
        long next = 0;
        FetchResponse.PartitionData got;
        do
        {
            got = (await Client(node).CallAsync<FetchResponse>(Fetch(partition, next), 12)).Responses[0].Partitions[0];
            Assert.Equal(ErrorCode.None, (ErrorCode)got.ErrorCode);
            byte[] records = got.Records!.Value.ToArray();
            for (int position = 0; position < records.Length;)
            {
                ReadOnlyMemory<byte> batch = new RecordBatchView(records.AsSpan(position)).WholeBatch.ToArray();
                position += batch.Length;
                next = new RecordBatchView(batch.Span).LastOffset + 1;
                using RecordReader reader = RecordReader.Open(batch, 1 << 20);
                while (reader.TryRead(out Wire.Records.Record record))
                {
                    values.Add(Encoding.UTF8.GetString(record.Value!.Value.Span));
                }
            }
        }
        while (next < got.HighWatermark);

        return [.. values];
    }
}
