using System.Text.Json;
using Broker.Node.Unit.Management;
using Broker.TestSupport.Processes;
using Broker.Wire.Messages;

namespace Broker.Node.Unit.CommandLine.Inspection;

/// <summary><c>broker group</c> on a node.</summary>
[Collection(RunningNode.OneAtATime)]
public sealed class GroupCommandsTests
{
    private const string Group = "g";

    // Version 0, topic "t", partition 0, no user data.
    private static readonly byte[] Assignment = [0, 0, 0, 0, 0, 1, 0, 1, (byte)'t', 0, 0, 0, 1, 0, 0, 0, 0, 255, 255, 255, 255];

    [Fact]
    public async Task Node_without_groups_says_so()
    {
        await using RunningNode node = await RunningNode.StartAsync();

        Assert.Equal("Node 1 coordinates no group.", (await Cli.RunAsync(node.ManagementAddress, "group", "list")).MustSucceed().Text);
        Assert.Contains("no group has met in this cluster yet", await Cli.RefusedAsync(node.ManagementAddress, "group", "describe", Group), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Group_shows_its_members_what_they_have_and_how_far_they_are()
    {
        await using RunningNode node = await RunningNode.StartAsync(("group.initial.rebalance.delay.ms", "0"), ("offsets.topic.num.partitions", "1"));
        await node.CreateTopicAsync("t");
        await node.ProduceAsync("t", 5);
        string member = await JoinAsync(node);
        await CommitAsync(node, member, 2, "evil \u001b[31m\nwords");

        JsonElement listed = Assert.Single((await Cli.JsonAsync(node.ManagementAddress, "group", "list")).GetProperty("groups").EnumerateArray());
        JsonElement group = await Cli.JsonAsync(node.ManagementAddress, "group", "describe", Group);
        ToolRun table = (await Cli.RunAsync(node.ManagementAddress, "group", "describe", Group)).MustSucceed();

        Assert.Equal((Group, "Stable", "consumer"), (listed.GetProperty("groupId").GetString(), listed.GetProperty("state").GetString(), listed.GetProperty("protocolType").GetString()));
        JsonElement one = Assert.Single(group.GetProperty("members").EnumerateArray());
        Assert.Equal((member, "t-0", "range"), (one.GetProperty("memberId").GetString(), Assert.Single(one.GetProperty("assigned").EnumerateArray()).GetString(), group.GetProperty("protocol").GetString()));
        JsonElement offset = Assert.Single(group.GetProperty("offsets").EnumerateArray());
        Assert.Equal(("t", 0, 2L, 5L, 3L), (
            offset.GetProperty("topic").GetString(),
            offset.GetProperty("partition").GetInt32(),
            offset.GetProperty("offset").GetInt64(),
            offset.GetProperty("highWatermark").GetInt64(),
            offset.GetProperty("lag").GetInt64()));
        Assert.Contains("evil ?[31m?words", table.Output[^1], StringComparison.Ordinal);
        Assert.Contains("there is no group 'h'", await Cli.RefusedAsync(node.ManagementAddress, "group", "describe", "h"), StringComparison.Ordinal);
    }

    private static async Task<string> JoinAsync(RunningNode node)
    {
        FindCoordinatorResponse found;
        do
        {
            found = await node.Client.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { Key = Group }, 1, node.Cancellation);
        }
        while (found.ErrorCode != 0);

        // Before version 4 a member gets in without having been given an id.
        JoinGroupRequest join = new()
        {
            GroupId = Group,
            SessionTimeoutMs = 30_000,
            RebalanceTimeoutMs = 30_000,
            ProtocolType = "consumer",
            Protocols = [new JoinGroupRequest.JoinGroupRequestProtocol { Name = "range", Metadata = [0, 0, 0, 0, 0, 0, 255, 255, 255, 255] }],
        };
        JoinGroupResponse joined;
        do
        {
            joined = await node.Client.CallAsync<JoinGroupResponse>(join, 3, node.Cancellation);
        }
        while (joined.ErrorCode != 0);

        SyncGroupRequest sync = new()
        {
            GroupId = Group,
            GenerationId = joined.GenerationId,
            MemberId = joined.MemberId,
            Assignments = [new SyncGroupRequest.SyncGroupRequestAssignment { MemberId = joined.MemberId, Assignment = Assignment }],
        };
        Assert.Equal(0, (await node.Client.CallAsync<SyncGroupResponse>(sync, 2, node.Cancellation)).ErrorCode);
        return joined.MemberId;
    }

    private static async Task CommitAsync(RunningNode node, string member, long offset, string metadata)
    {
        OffsetCommitRequest commit = new()
        {
            GroupId = Group,
            GenerationIdOrMemberEpoch = 1,
            MemberId = member,
            Topics = [new OffsetCommitRequest.OffsetCommitRequestTopic { Name = "t", Partitions = [new OffsetCommitRequest.OffsetCommitRequestPartition { PartitionIndex = 0, CommittedOffset = offset, CommittedMetadata = metadata }] }],
        };
        OffsetCommitResponse answer = await node.Client.CallAsync<OffsetCommitResponse>(commit, 6, node.Cancellation);
        Assert.Equal(0, answer.Topics[0].Partitions[0].ErrorCode);
    }
}
