using Broker.Actors.Connections;
using Broker.Actors.Groups;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>SyncGroup 0-5: answered when the leader's assignment is durable.</summary>
internal sealed class SyncGroupHandler(BrokerServices services) : IRequestHandler
{
    public ApiKey ApiKey => ApiKey.SyncGroup;

    public VersionRange Versions => new(0, SyncGroupRequest.HighestVersion);

    public void Handle(RequestExchange exchange) => exchange.RespondWith(SyncAsync(exchange));

    private async Task<IKafkaResponse> SyncAsync(RequestExchange exchange)
    {
        SyncGroupRequest request = (SyncGroupRequest)exchange.Request;

        // KIP-559: from version 5 on the member says which protocol it believes was chosen.
        if (exchange.ApiVersion >= 5 && (request.ProtocolType is null || request.ProtocolName is null))
        {
            return GroupAnswers.SyncFailed(ErrorCode.InconsistentGroupProtocol);
        }

        return await services.AskGroupAsync<SyncGroupResponse>(exchange.Client, new SyncGroup(request));
    }
}
