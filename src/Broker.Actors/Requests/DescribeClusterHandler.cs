using Broker.Actors.Configuration;
using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Security;
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

        Listener endpoint = Endpoints.For(services.Options, exchange.Client.ListenerName);
        exchange.Respond(new DescribeClusterResponse
        {
            ClusterId = services.Metadata.Current.ClusterId,
            ControllerId = services.Options.NodeId.Value,
            Brokers = [new DescribeClusterResponse.DescribeClusterBroker { BrokerId = services.Options.NodeId.Value, Host = endpoint.Host, Port = endpoint.Port, Rack = services.Options.Rack }],
            ClusterAuthorizedOperations = request.IncludeClusterAuthorizedOperations
                ? AuthorizedOperations.Cluster(services.Authorizer, exchange.Client)
                : AuthorizedOperations.NotAsked,
        });
    }
}
