using Broker.Actors.Connections;
using Broker.Actors.Groups;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>JoinGroup 0-9: answered when the rebalance is complete. From version 4 on a new member is first given an id (KIP-394).</summary>
internal sealed class JoinGroupHandler(BrokerServices services) : IRequestHandler
{
    private const short FirstWithRequiredMemberId = 4;
    private const short FirstWithSkipAssignment = 9;

    public ApiKey ApiKey => ApiKey.JoinGroup;

    public VersionRange Versions => new(0, JoinGroupRequest.HighestVersion);

    public void Handle(RequestExchange exchange) => exchange.RespondWith(JoinAsync(exchange));

    private async Task<IKafkaResponse> JoinAsync(RequestExchange exchange)
    {
        JoinGroup join = new(
            (JoinGroupRequest)exchange.Request,
            exchange.ApiVersion >= FirstWithRequiredMemberId,
            exchange.ApiVersion >= FirstWithSkipAssignment,
            exchange.Client);
        JoinGroupResponse response = await services.AskGroupAsync<JoinGroupResponse>(exchange.Client, join);

        // Null became possible in version 7.
        response.ProtocolName ??= exchange.ApiVersion >= 7 ? null : "";
        return response;
    }
}
