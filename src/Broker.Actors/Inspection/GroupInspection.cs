using Akka.Actor;
using Broker.Actors.Coordination;
using Broker.Actors.Groups;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Inspection;

/// <summary>The consumer groups that this node coordinates. Thread-safe.</summary>
/// <param name="metadata">What the node knows.</param>
/// <param name="groups">Their coordinators here.</param>
/// <param name="topics">For the ends of what they read.</param>
/// <param name="node">This node.</param>
internal sealed class GroupInspection(MetadataView metadata, GroupDirectory groups, TopicInspection topics, NodeId node)
{
    /// <summary>The groups that are coordinated here.</summary>
    public async Task<GroupsReport> ListAsync()
    {
        GroupsListed[] listed = await Task.WhenAll(groups.All.Select(ListAsync)).ConfigureAwait(false);
        return new GroupsReport(
            node.Value,
            [.. listed.SelectMany(one => one.Groups).OrderBy(group => group.GroupId, StringComparer.Ordinal).Select(group => new GroupSummary(group.GroupId, group.State.ToString(), group.ProtocolType))],
            listed.Count(one => one.Error != ErrorCode.None));
    }

    /// <summary>One group.</summary>
    /// <exception cref="InspectionException">There is none of that name, or another node coordinates it.</exception>
    public async Task<GroupReport> DescribeAsync(string groupId)
    {
        (IActorRef coordinator, int partition) = CoordinatorOf(groupId);
        string silent = $"the coordinator of '{groupId}' still reads {GroupDirectory.OffsetsTopic}-{partition}; ask again";
        DescribeGroupsResponse.DescribedGroup group = await Inquiry.AskAsync<DescribeGroupsResponse.DescribedGroup>(coordinator, new DescribeGroup(groupId), silent).ConfigureAwait(false);
        OffsetsFetched offsets = await Inquiry.AskAsync<OffsetsFetched>(coordinator, new FetchOffsets(groupId, null), silent).ConfigureAwait(false);
        if (group.ErrorCode != (short)ErrorCode.None || offsets.Error != ErrorCode.None)
        {
            throw new InspectionException(InspectionFailure.NoAnswer, silent);
        }

        if (group.GroupState == nameof(GroupState.Dead) && offsets.Offsets.Count == 0)
        {
            throw new InspectionException(InspectionFailure.NotFound, $"there is no group '{groupId}': 'broker group list' names those that this node coordinates");
        }

        CommittedOffsetReport[] committed = await Task.WhenAll(offsets.Offsets.OrderBy(one => one.Partition.Topic, StringComparer.Ordinal).ThenBy(one => one.Partition.Partition).Select(DescribeAsync)).ConfigureAwait(false);
        return new GroupReport(
            group.GroupId,
            group.GroupState,
            group.ProtocolType,
            group.ProtocolData,
            partition,
            [.. group.Members.OrderBy(member => member.MemberId, StringComparer.Ordinal).Select(member => Describe(member, group.ProtocolType))],
            committed);
    }

    private static async Task<GroupsListed> ListAsync(IActorRef coordinator)
    {
        try
        {
            return await coordinator.Ask<GroupsListed>(ListGroups.Instance, Inquiry.Patience).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            // It reads its partition yet, or waits for the store: it is counted as loading.
            return new GroupsListed(ErrorCode.CoordinatorNotAvailable, []);
        }
    }

    private (IActorRef Coordinator, int Partition) CoordinatorOf(string groupId)
    {
        MetadataImage image = metadata.Current;
        TopicState topic = image.FindTopic(GroupDirectory.OffsetsTopic)
            ?? throw new InspectionException(InspectionFailure.NotFound, $"there is no group '{groupId}', nor any other: no group has met in this cluster yet");
        int partition = GroupDirectory.PartitionOf(groupId, topic.Partitions.Length);
        if (groups.Find(partition) is { } coordinator)
        {
            return (coordinator, partition);
        }

        NodeId leader = image.Streams[topic.Partitions[partition]].Leader;
        throw leader == NodeId.None || leader == node
            ? new InspectionException(InspectionFailure.NoAnswer, $"nobody coordinates '{groupId}' now: {GroupDirectory.OffsetsTopic}-{partition} is being opened; ask again")
            : new InspectionException(InspectionFailure.Refused, $"'{groupId}' is coordinated by node {leader}, which leads {GroupDirectory.OffsetsTopic}-{partition}: ask that node");
    }

    private async Task<CommittedOffsetReport> DescribeAsync(FetchedOffset committed)
    {
        StreamState? stream = metadata.Current.FindStream(committed.Partition);
        long? end = stream is null ? null : await topics.HighWatermarkAsync(stream.StreamId).ConfigureAwait(false);
        return new CommittedOffsetReport(committed.Partition.Topic, committed.Partition.Partition, committed.Offset, end, end - committed.Offset, committed.Metadata);
    }

    private static GroupMemberReport Describe(DescribeGroupsResponse.DescribedGroupMember member, string protocolType) => new(
        member.MemberId,
        member.GroupInstanceId ?? "",
        member.ClientId,
        member.ClientHost,
        protocolType == ConsumerSubscription.ProtocolType ? [.. ConsumerAssignment.PartitionsOf(member.MemberAssignment).Select(partition => partition.ToString())] : []);
}
