using Akka.Actor;
using Broker.Actors.Groups;
using Broker.Actors.Security;
using Broker.Wire;

namespace Broker.Actors.Requests;

/// <summary>Finds a group's coordinator for the handlers of the group APIs, and asks it.</summary>
internal static class GroupCalls
{
    // The coordinator answers as soon as its records are durable; who asks one that stopped meanwhile must not wait for ever.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    /// <summary>Asks the group's coordinator; when it is not here, answers as it would: with the command's refusal.</summary>
    public static Task<T> AskGroupAsync<T>(this BrokerServices services, ClientIdentity client, IGroupCommand command)
    {
        ErrorCode error = Check(services, client, command, out IActorRef? coordinator);
        return error == ErrorCode.None
            ? coordinator!.Ask<T>(command, PatienceFor(command))
            : Task.FromResult((T)command.Refusal(error));
    }

    /// <summary>The coordinator of a group by the partitions that <c>__consumer_offsets</c> has now; null when it is not here.</summary>
    public static IActorRef? FindGroupCoordinator(this BrokerServices services, string groupId) =>
        services.Metadata.Current.FindTopic(GroupDirectory.OffsetsTopic) is { } topic
            ? services.Groups.Find(GroupDirectory.PartitionOf(groupId, topic.Partitions.Length))
            : null;

    // A join waits for a whole rebalance besides, for which the members say how long it may take.
    private static TimeSpan PatienceFor(IGroupCommand command) =>
        command is JoinGroup join ? Patience + TimeSpan.FromMilliseconds(Math.Max(0, join.Request.RebalanceTimeoutMs)) : Patience;

    private static ErrorCode Check(BrokerServices services, ClientIdentity client, IGroupCommand command, out IActorRef? coordinator)
    {
        coordinator = null;
        if (command.GroupId.Length == 0 && command.HasMembers)
        {
            return ErrorCode.InvalidGroupId;
        }

        if (!services.Authorizer.Allows(client, AclOperation.Read, AclResource.Group, command.GroupId))
        {
            return ErrorCode.GroupAuthorizationFailed;
        }

        coordinator = services.FindGroupCoordinator(command.GroupId);
        return coordinator is null ? ErrorCode.NotCoordinator : ErrorCode.None;
    }
}
