using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Groups;
using Broker.Actors.Security;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>
/// Metadata 0-13. Makes topics that are asked for by name and do not exist, where auto.create.topics.enable and the
/// client allow it, and answers when they serve. A topic that is asked for twice is answered once. Replicas are shown as the leader alone: durability is the store's.
/// </summary>
internal sealed class MetadataHandler(BrokerServices services) : IRequestHandler
{
    private const short FirstWithTopicIds = 10;
    private const short FirstWithNullNames = 12;
    private const short FirstWithCreationFlag = 4;

    public ApiKey ApiKey => ApiKey.Metadata;

    public VersionRange Versions => new(0, MetadataRequest.HighestVersion);

    public void Handle(RequestExchange exchange)
    {
        MetadataRequest request = (MetadataRequest)exchange.Request;
        string[] missing = MissingNames(exchange, request);
        if (missing.Length == 0)
        {
            exchange.Respond(Answer(exchange, request, failed: new Dictionary<string, ErrorCode>()));
            return;
        }

        exchange.RespondWith(CreateAndAnswerAsync(exchange, request, missing));
    }

    private string[] MissingNames(RequestExchange exchange, MetadataRequest request)
    {
        if (request.Topics is null || !services.Options.Topics.AutoCreate || (exchange.ApiVersion >= FirstWithCreationFlag && !request.AllowAutoTopicCreation))
        {
            return [];
        }

        MetadataImage image = services.Metadata.Current;
        return
        [
            .. request.Topics.Select(topic => topic.Name).OfType<string>().Distinct()
                .Where(name => image.FindTopic(name) is null && TopicNames.Problem(name) is null && InternalTopics.Problem(name) is null && MayCreate(exchange.Client, name)),
        ];
    }

    private bool MayCreate(ClientIdentity client, string name) =>
        services.Authorizer.Allows(client, AclOperation.Create, AclResource.Cluster, IAuthorizer.ClusterName)
        || services.Authorizer.Allows(client, AclOperation.Create, AclResource.Topic, name);

    private async Task<IKafkaResponse> CreateAndAnswerAsync(RequestExchange exchange, MetadataRequest request, string[] missing)
    {
        NewTopic[] topics = [.. missing.Select(NewTopicFor)];
        object made = await services.CommandAsync(new MakeTopics(topics));
        Dictionary<string, ErrorCode> failed = [];
        for (int i = 0; i < missing.Length; i++)
        {
            ErrorCode error = made is TopicsChanged changed ? changed.Results[i].Error : ErrorCode.LeaderNotAvailable;

            // As Kafka: a name that collides with another topic's is refused to who makes the topic; who asks for it hears that there is none.
            if (error is not (ErrorCode.None or ErrorCode.TopicAlreadyExists or ErrorCode.InvalidTopicException))
            {
                failed[missing[i]] = error;
            }
        }

        return Answer(exchange, request, failed);
    }

    private NewTopic NewTopicFor(string name) => name == GroupDirectory.OffsetsTopic
        ? OffsetsTopicDefinition.For(services.Options.Groups)
        : new NewTopic(name, services.Options.Topics.NumPartitions, new Dictionary<string, string>());

    private MetadataResponse Answer(RequestExchange exchange, MetadataRequest request, IReadOnlyDictionary<string, ErrorCode> failed)
    {
        MetadataImage image = services.Metadata.Current;

        // Version 0 has no way to ask for none: an empty list asks for all, as null does later.
        bool all = request.Topics is null || (exchange.ApiVersion == 0 && request.Topics.Count == 0);
        return new MetadataResponse
        {
            Brokers =
            [
                .. LiveBrokers.On(image, exchange.Client.ListenerName)
                    .Select(broker => new MetadataResponse.MetadataResponseBroker { NodeId = broker.NodeId, Host = broker.Host, Port = broker.Port, Rack = broker.Rack }),
            ],
            ClusterId = image.ClusterId,

            // Any broker passes changes on to the coordinator; as Kafka's do.
            ControllerId = services.Options.NodeId.Value,
            Topics = all
                ? [.. image.TopicIds.Values.Select(id => image.Topics[id]).Where(topic => MayDescribe(exchange.Client, topic.Name)).Select(topic => Describe(exchange, image, topic))]
                : [.. request.Topics!.Select(topic => Find(exchange, image, topic, failed)).DistinctBy(topic => (topic.Name, topic.TopicId))],
            ClusterAuthorizedOperations = request.IncludeClusterAuthorizedOperations
                ? AuthorizedOperations.Cluster(services.Authorizer, exchange.Client)
                : AuthorizedOperations.NotAsked,
        };
    }

    private bool MayDescribe(ClientIdentity client, string name) =>
        services.Authorizer.Allows(client, AclOperation.Describe, AclResource.Topic, name);

    private MetadataResponse.MetadataResponseTopic Find(RequestExchange exchange, MetadataImage image, MetadataRequest.MetadataRequestTopic asked, IReadOnlyDictionary<string, ErrorCode> failed)
    {
        bool byId = exchange.ApiVersion >= FirstWithTopicIds && asked.TopicId != Guid.Empty;
        TopicState? topic = byId ? image.FindTopic(asked.TopicId) : image.FindTopic(asked.Name ?? "");
        if (topic is not null)
        {
            return MayDescribe(exchange.Client, topic.Name) ? Describe(exchange, image, topic) : Unknown(exchange, asked, ErrorCode.TopicAuthorizationFailed);
        }

        if (byId)
        {
            return Unknown(exchange, asked, ErrorCode.UnknownTopicId);
        }

        string name = asked.Name ?? "";
        return Unknown(exchange, asked, TopicNames.Problem(name) is not null ? ErrorCode.InvalidTopicException : failed.GetValueOrDefault(name, ErrorCode.UnknownTopicOrPartition));
    }

    private MetadataResponse.MetadataResponseTopic Unknown(RequestExchange exchange, MetadataRequest.MetadataRequestTopic asked, ErrorCode error) => new()
    {
        ErrorCode = (short)error,
        Name = (error == ErrorCode.UnknownTopicId ? null : asked.Name) ?? (exchange.ApiVersion >= FirstWithNullNames ? null : ""),
        TopicId = asked.TopicId,
        IsInternal = InternalTopics.Contains(asked.Name ?? ""),
        TopicAuthorizedOperations = error is ErrorCode.UnknownTopicId or ErrorCode.TopicAuthorizationFailed
            ? AuthorizedOperations.NotAsked
            : OperationsOn(exchange, asked.Name ?? ""),
    };

    // Of a name alone, too: what a client may do to a topic does not depend on whether there is one.
    private int OperationsOn(RequestExchange exchange, string name) => ((MetadataRequest)exchange.Request).IncludeTopicAuthorizedOperations
        ? AuthorizedOperations.Topic(services.Authorizer, exchange.Client, name)
        : AuthorizedOperations.NotAsked;

    private MetadataResponse.MetadataResponseTopic Describe(RequestExchange exchange, MetadataImage image, TopicState topic) => new()
    {
        Name = topic.Name,
        TopicId = topic.TopicId,
        IsInternal = topic.IsInternal,
        Partitions = [.. topic.Partitions.Select(stream => DescribePartition(image, image.Streams[stream]))],
        TopicAuthorizedOperations = OperationsOn(exchange, topic.Name),
    };

    private MetadataResponse.MetadataResponsePartition DescribePartition(MetadataImage image, StreamState stream)
    {
        // Of others nobody knows more than that they are there.
        bool isOpen = stream.Leader == services.Options.NodeId ? services.Partitions.Find(stream.StreamId) is not null : image.LiveNodes.ContainsKey(stream.Leader);
        PartitionReplicas replicas = PartitionReplicas.Of(image, stream);
        List<int> nodes = [.. replicas.Nodes.Select(node => node.Value)];
        return new MetadataResponse.MetadataResponsePartition
        {
            ErrorCode = (short)(isOpen ? ErrorCode.None : ErrorCode.LeaderNotAvailable),
            PartitionIndex = stream.Partition,
            LeaderId = isOpen ? stream.Leader.Value : -1,
            LeaderEpoch = stream.Epoch.Value,
            ReplicaNodes = nodes,
            IsrNodes = nodes,
            OfflineReplicas = [.. replicas.Offline.Select(node => node.Value)],
        };
    }
}
