using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Security;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>InitProducerId 0-5 for idempotent producers: a producer id that was never given out, epoch 0. Transactional ids are not served yet.</summary>
internal sealed class InitProducerIdHandler(BrokerServices services) : IRequestHandler
{
    // Version 6 is unstable in Kafka 4.2, and so not advertised there either.
    private const short HighestStable = 5;

    public ApiKey ApiKey => ApiKey.InitProducerId;

    public VersionRange Versions => new(0, HighestStable);

    public void Handle(RequestExchange exchange)
    {
        InitProducerIdRequest request = (InitProducerIdRequest)exchange.Request;
        if (request.TransactionalId is not null)
        {
            exchange.Respond(Failed(ErrorCode.TransactionalIdAuthorizationFailed));
        }
        else if (!services.Authorizer.Allows(exchange.Client, AclOperation.IdempotentWrite, AclResource.Cluster, IAuthorizer.ClusterName))
        {
            exchange.Respond(Failed(ErrorCode.ClusterAuthorizationFailed));
        }
        else
        {
            exchange.RespondWith(GiveAsync());
        }
    }

    private async Task<IKafkaResponse> GiveAsync()
    {
        object answer = await services.CommandAsync(GiveProducerId.Instance);
        return answer is ProducerIdGiven given
            ? new InitProducerIdResponse { ErrorCode = (short)given.Error, ProducerId = given.ProducerId, ProducerEpoch = 0 }
            : Failed(ErrorCode.CoordinatorLoadInProgress);
    }

    private static InitProducerIdResponse Failed(ErrorCode error) => new() { ErrorCode = (short)error, ProducerId = -1, ProducerEpoch = -1 };
}
