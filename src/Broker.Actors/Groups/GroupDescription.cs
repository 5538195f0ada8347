using Broker.Wire.Messages;

namespace Broker.Actors.Groups;

/// <summary>A group as DescribeGroups shows it.</summary>
internal static class GroupDescription
{
    /// <param name="group">Null is shown as Kafka shows a group that it does not know: dead, and no error.</param>
    public static DescribeGroupsResponse.DescribedGroup Of(string groupId, ClassicGroup? group)
    {
        GroupState state = group?.State ?? GroupState.Dead;
        bool isStable = state == GroupState.Stable;
        return new DescribeGroupsResponse.DescribedGroup
        {
            GroupId = groupId,
            GroupState = state.ToString(),
            ProtocolType = group?.ProtocolType ?? "",
            ProtocolData = isStable ? group!.Protocol ?? "" : "",
            Members = group is null ? [] : [.. group.Members.Values.Select(member => Describe(member, isStable ? group.Protocol : null))],
        };
    }

    // Subscriptions and assignments are those of a protocol: before one is chosen there are none to show.
    private static DescribeGroupsResponse.DescribedGroupMember Describe(GroupMember member, string? protocol) => new()
    {
        MemberId = member.MemberId,
        GroupInstanceId = member.GroupInstanceId,
        ClientId = member.ClientId,
        ClientHost = member.ClientHost,
        MemberMetadata = protocol is null ? [] : member.MetadataFor(protocol),
        MemberAssignment = protocol is null ? [] : member.Assignment,
    };
}
