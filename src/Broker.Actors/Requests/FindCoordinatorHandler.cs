using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Groups;
using Broker.Actors.Security;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>
/// FindCoordinator 0-6 for groups; makes <c>__consumer_offsets</c> when it is first needed. There are no transactions yet: their ids are refused
/// as InitProducerId refuses them, so that a producer ends at once instead of asking until its patience ends.
/// </summary>
internal sealed class FindCoordinatorHandler(BrokerServices services) : IRequestHandler
{
    private const sbyte GroupKey = 0;
    private const sbyte TransactionKey = 1;
    private const short FirstBatched = 4;

    public ApiKey ApiKey => ApiKey.FindCoordinator;

    public VersionRange Versions => new(0, FindCoordinatorRequest.HighestVersion);

    public void Handle(RequestExchange exchange) => exchange.RespondWith(FindAsync(exchange));

    private async Task<IKafkaResponse> FindAsync(RequestExchange exchange)
    {
        FindCoordinatorRequest request = (FindCoordinatorRequest)exchange.Request;
        bool batched = exchange.ApiVersion >= FirstBatched;
        List<string> keys = batched ? request.CoordinatorKeys : [request.Key];
        if (request.KeyType == GroupKey && keys.Count > 0)
        {
            await EnsureOffsetsTopicAsync();
        }

        FindCoordinatorResponse.Coordinator[] found = [.. keys.Select(key => Find(exchange, request.KeyType, key))];
        if (batched)
        {
            return new FindCoordinatorResponse { Coordinators = [.. found] };
        }

        return new FindCoordinatorResponse
        {
            ErrorCode = found[0].ErrorCode,
            ErrorMessage = found[0].ErrorMessage,
            NodeId = found[0].NodeId,
            Host = found[0].Host,
            Port = found[0].Port,
        };
    }

    private FindCoordinatorResponse.Coordinator Find(RequestExchange exchange, sbyte keyType, string key)
    {
        LiveBroker? leader = keyType == GroupKey ? LeaderFor(exchange, key) : null;
        ErrorCode error = keyType switch
        {
            GroupKey when !services.Authorizer.Allows(exchange.Client, AclOperation.Describe, AclResource.Group, key) => ErrorCode.GroupAuthorizationFailed,
            GroupKey when leader is not null => ErrorCode.None,
            GroupKey => ErrorCode.CoordinatorNotAvailable,
            TransactionKey => ErrorCode.TransactionalIdAuthorizationFailed,
            _ => ErrorCode.InvalidRequest,
        };
        if (error != ErrorCode.None || leader is not { } broker)
        {
            return new FindCoordinatorResponse.Coordinator { Key = key, NodeId = -1, Host = "", Port = -1, ErrorCode = (short)error };
        }

        return new FindCoordinatorResponse.Coordinator { Key = key, NodeId = broker.NodeId, Host = broker.Host, Port = broker.Port };
    }

    // Null: nobody leads its partition now.
    private LiveBroker? LeaderFor(RequestExchange exchange, string groupId)
    {
        MetadataImage image = services.Metadata.Current;
        if (image.FindTopic(GroupDirectory.OffsetsTopic) is not { } topic)
        {
            return null;
        }

        StreamState stream = image.Streams[topic.Partitions[GroupDirectory.PartitionOf(groupId, topic.Partitions.Length)]];
        bool isOpening = stream.Leader == services.Options.NodeId && services.FindGroupCoordinator(groupId) is null;
        return isOpening ? null : LiveBrokers.Find(image, stream.Leader, exchange.Client.ListenerName);
    }

    private async Task EnsureOffsetsTopicAsync()
    {
        if (services.Metadata.Current.FindTopic(GroupDirectory.OffsetsTopic) is null)
        {
            NewTopic topic = OffsetsTopicDefinition.For(services.Options.Groups);
            _ = await services.CommandAsync(new MakeTopics([topic]));
        }
    }
}
