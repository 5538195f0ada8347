using Akka.Actor;
using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Groups;
using Broker.Actors.Security;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>ListGroups 0-5: the groups coordinated here, filtered by state (KIP-518) and type (KIP-848).</summary>
internal sealed class ListGroupsHandler(BrokerServices services) : IRequestHandler
{
    private const string ClassicType = "classic";

    public ApiKey ApiKey => ApiKey.ListGroups;

    public VersionRange Versions => new(0, ListGroupsRequest.HighestVersion);

    public void Handle(RequestExchange exchange) => exchange.RespondWith(ListAsync(exchange));

    private async Task<IKafkaResponse> ListAsync(RequestExchange exchange)
    {
        ListGroupsRequest request = (ListGroupsRequest)exchange.Request;
        GroupsListed[] listed = await Task.WhenAll(services.Groups.All.Select(ListAsync));
        ErrorCode error = listed.Select(one => one.Error).FirstOrDefault(one => one != ErrorCode.None);
        return new ListGroupsResponse
        {
            ErrorCode = (short)error,
            Groups = error != ErrorCode.None ? [] :
            [
                .. listed.SelectMany(one => one.Groups).Where(group => IsWanted(request, group) && MaySee(exchange.Client, group)).Select(group => new ListGroupsResponse.ListedGroup
                {
                    GroupId = group.GroupId,
                    ProtocolType = group.ProtocolType,
                    GroupState = group.State.ToString(),
                    GroupType = ClassicType,
                }),
            ],
        };
    }

    private static async Task<GroupsListed> ListAsync(IActorRef coordinator)
    {
        try
        {
            return await coordinator.Ask<GroupsListed>(Groups.ListGroups.Instance, CoordinatorTimeouts.Command);
        }
        catch (AskTimeoutException)
        {
            // It reads its partition yet, or waits for the store.
            return new GroupsListed(ErrorCode.CoordinatorNotAvailable, []);
        }
    }

    private static bool IsWanted(ListGroupsRequest request, ListedGroup group) =>
        (request.StatesFilter.Count == 0 || request.StatesFilter.Contains(group.State.ToString(), StringComparer.OrdinalIgnoreCase))
        && (request.TypesFilter.Count == 0 || request.TypesFilter.Contains(ClassicType, StringComparer.OrdinalIgnoreCase));

    private bool MaySee(ClientIdentity client, ListedGroup group) =>
        services.Authorizer.Allows(client, AclOperation.Describe, AclResource.Group, group.GroupId);
}
