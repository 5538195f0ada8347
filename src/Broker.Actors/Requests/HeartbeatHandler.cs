using Broker.Actors.Connections;
using Broker.Actors.Groups;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>Heartbeat 0-4.</summary>
internal sealed class HeartbeatHandler(BrokerServices services) : IRequestHandler
{
    public ApiKey ApiKey => ApiKey.Heartbeat;

    public VersionRange Versions => new(0, HeartbeatRequest.HighestVersion);

    public void Handle(RequestExchange exchange) => exchange.RespondWith(BeatAsync(exchange));

    private async Task<IKafkaResponse> BeatAsync(RequestExchange exchange) =>
        await services.AskGroupAsync<HeartbeatResponse>(exchange.Client, new Heartbeat((HeartbeatRequest)exchange.Request));
}
