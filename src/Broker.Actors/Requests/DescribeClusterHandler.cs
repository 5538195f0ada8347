using Broker.Actors.Connections;
using Broker.Actors.Security;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>DescribeCluster 0-2: the brokers, as seen by the client's listener. There are no controllers to ask for (endpoint type 2).</summary>
internal sealed class DescribeClusterHandler(BrokerServices services) : IRequestHandler
{
    private const sbyte BrokerEndpoints = 1;

    public ApiKey ApiKey => ApiKey.DescribeCluster;

    public VersionRange Versions => new(0, DescribeClusterRequest.HighestVersion);

    public void Handle(RequestExchange exchange)
    {
        DescribeClusterRequest request = (DescribeClusterRequest)exchange.Request;
        if (request.EndpointType != BrokerEndpoints)
        {
            exchange.Respond(new DescribeClusterResponse
            {
                ErrorCode = (short)ErrorCode.MismatchedEndpointType,
                ErrorMessage = "this is a broker's listener; ask for broker endpoints",
                ClusterId = "",
                ClusterAuthorizedOperations = AuthorizedOperations.NotAsked,
            });
            return;
        }

        MetadataImage image = services.Metadata.Current;
        exchange.Respond(new DescribeClusterResponse
        {
            ClusterId = image.ClusterId,
            ControllerId = services.Options.NodeId.Value,
            Brokers =
            [
                .. LiveBrokers.On(image, exchange.Client.ListenerName)
                    .Select(broker => new DescribeClusterResponse.DescribeClusterBroker { BrokerId = broker.NodeId, Host = broker.Host, Port = broker.Port, Rack = broker.Rack }),
            ],
            ClusterAuthorizedOperations = request.IncludeClusterAuthorizedOperations
                ? AuthorizedOperations.Cluster(services.Authorizer, exchange.Client)
                : AuthorizedOperations.NotAsked,
        });
    }
}
