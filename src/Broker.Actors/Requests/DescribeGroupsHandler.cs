using Broker.Actors.Connections;
using Broker.Actors.Groups;
using Broker.Actors.Security;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>DescribeGroups 0-6. A group that is not known is shown as dead; version 6 says so with GROUP_ID_NOT_FOUND (KIP-1043).</summary>
internal sealed class DescribeGroupsHandler(BrokerServices services) : IRequestHandler
{
    private const short FirstWithNotFound = 6;

    public ApiKey ApiKey => ApiKey.DescribeGroups;

    public VersionRange Versions => new(0, DescribeGroupsRequest.HighestVersion);

    public void Handle(RequestExchange exchange) => exchange.RespondWith(DescribeAsync(exchange));

    private async Task<IKafkaResponse> DescribeAsync(RequestExchange exchange)
    {
        DescribeGroupsRequest request = (DescribeGroupsRequest)exchange.Request;
        DescribeGroupsResponse.DescribedGroup[] groups = await Task.WhenAll(request.Groups.Select(group =>
            services.AskGroupAsync<DescribeGroupsResponse.DescribedGroup>(exchange.Client, new DescribeGroup(group))));
        foreach (DescribeGroupsResponse.DescribedGroup group in groups.Where(g => g.GroupState == nameof(GroupState.Dead) && exchange.ApiVersion >= FirstWithNotFound))
        {
            group.ErrorCode = (short)ErrorCode.GroupIdNotFound;
            group.ErrorMessage = $"there is no group '{group.GroupId}'";
        }

        foreach (DescribeGroupsResponse.DescribedGroup group in groups)
        {
            group.AuthorizedOperations = request.IncludeAuthorizedOperations && group.ErrorCode == (short)ErrorCode.None
                ? AuthorizedOperations.Group(services.Authorizer, exchange.Client, group.GroupId)
                : AuthorizedOperations.NotAsked;
        }

        return new DescribeGroupsResponse { Groups = [.. groups] };
    }
}
