using Broker.Actors.Configuration;
using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Groups;
using Broker.Actors.Security;
using Broker.ObjectStore;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>
/// CreateTopics 2-7: answered when the topics are durable and serve. Any replication factor is taken and reported as
/// one: durability is the store's. Manual assignments say which broker leads each partition first: the first one named. <c>__consumer_offsets</c> may be made as
/// Kafka lets it: groups then live in as many partitions as were asked for.
/// </summary>
internal sealed class CreateTopicsHandler(BrokerServices services) : IRequestHandler
{
    // As many as one commit should hold: clients split larger numbers over several topics.
    private const int MaxPartitions = 10_000;
    private const int UseDefault = -1;

    public ApiKey ApiKey => ApiKey.CreateTopics;

    public VersionRange Versions => new(CreateTopicsRequest.LowestVersion, CreateTopicsRequest.HighestVersion);

    public void Handle(RequestExchange exchange) => exchange.RespondWith(CreateAsync(exchange));

    private async Task<IKafkaResponse> CreateAsync(RequestExchange exchange)
    {
        CreateTopicsRequest request = (CreateTopicsRequest)exchange.Request;
        CreateTopicsResponse response = new();
        HashSet<string> repeated = [.. request.Topics.GroupBy(t => t.Name).Where(g => g.Count() > 1).Select(g => g.Key)];
        List<(CreateTopicsRequest.CreatableTopic Topic, CreateTopicsResponse.CreatableTopicResult Result)> valid = [];
        foreach (CreateTopicsRequest.CreatableTopic topic in request.Topics.DistinctBy(t => t.Name))
        {
            (ErrorCode error, string? message) = repeated.Contains(topic.Name)
                ? (ErrorCode.InvalidRequest, "the topic stands twice in the request")
                : Check(exchange.Client, topic);
            CreateTopicsResponse.CreatableTopicResult result = new() { Name = topic.Name, ErrorCode = (short)error, ErrorMessage = message };
            response.Topics.Add(result);
            if (error == ErrorCode.None)
            {
                valid.Add((topic, result));
            }
        }

        if (request.validateOnly)
        {
            valid.ForEach(one => Describe(one.Result, one.Topic, Guid.Empty));
        }
        else if (valid.Count > 0)
        {
            await MakeAsync(valid, CoordinatorCalls.PatienceFor(request.timeoutMs));
        }

        return response;
    }

    private async Task MakeAsync(List<(CreateTopicsRequest.CreatableTopic Topic, CreateTopicsResponse.CreatableTopicResult Result)> valid, TimeSpan patience)
    {
        NewTopic[] topics = [.. valid.Select(one => NewTopicFor(one.Topic))];
        object made = await services.CommandAsync(new MakeTopics(topics), patience);
        for (int i = 0; i < valid.Count; i++)
        {
            (CreateTopicsRequest.CreatableTopic topic, CreateTopicsResponse.CreatableTopicResult result) = valid[i];
            TopicResult outcome = made is TopicsChanged changed
                ? changed.Results[i]
                : new TopicResult(((CommandFailed)made).Error, ((CommandFailed)made).Reason, Guid.Empty);
            (result.ErrorCode, result.ErrorMessage) = ((short)outcome.Error, outcome.Message);
            if (outcome.Error == ErrorCode.None)
            {
                Describe(result, topic, outcome.TopicId);
            }
        }
    }

    private (ErrorCode Error, string? Message) Check(ClientIdentity client, CreateTopicsRequest.CreatableTopic topic)
    {
        if (!services.Authorizer.Allows(client, AclOperation.Create, AclResource.Cluster, IAuthorizer.ClusterName)
            && !services.Authorizer.Allows(client, AclOperation.Create, AclResource.Topic, topic.Name))
        {
            return (ErrorCode.TopicAuthorizationFailed, null);
        }

        if (TopicNames.Problem(topic.Name) is { } badName)
        {
            return (ErrorCode.InvalidTopicException, badName);
        }

        if (InternalTopics.Problem(topic.Name) is { } reserved)
        {
            return (ErrorCode.InvalidRequest, reserved);
        }

        if (services.Metadata.Current.FindTopic(topic.Name) is not null)
        {
            return (ErrorCode.TopicAlreadyExists, $"the topic '{topic.Name}' exists");
        }

        (ErrorCode error, string? message) = CheckLayout(topic);
        return error != ErrorCode.None ? (error, message) : CheckConfigs(topic);
    }

    private (ErrorCode Error, string? Message) CheckLayout(CreateTopicsRequest.CreatableTopic topic)
    {
        if (topic.Assignments.Count > 0)
        {
            return CheckAssignments(topic);
        }

        if (topic.NumPartitions is not UseDefault and (< 1 or > MaxPartitions))
        {
            return (ErrorCode.InvalidPartitions, $"the number of partitions is {topic.NumPartitions}; allowed: 1 to {MaxPartitions}, or -1 for num.partitions");
        }

        return topic.ReplicationFactor is 0 or < UseDefault
            ? (ErrorCode.InvalidReplicationFactor, $"the replication factor is {topic.ReplicationFactor}; allowed: at least 1, or -1 for default.replication.factor")
            : (ErrorCode.None, null);
    }

    private (ErrorCode Error, string? Message) CheckAssignments(CreateTopicsRequest.CreatableTopic topic)
    {
        if (topic.NumPartitions != UseDefault || topic.ReplicationFactor != UseDefault)
        {
            return (ErrorCode.InvalidRequest, "with manual assignments the number of partitions and the replication factor must be -1");
        }

        if (topic.Assignments.Any(a => a.BrokerIds.Distinct().Count() != a.BrokerIds.Count))
        {
            return (ErrorCode.InvalidReplicaAssignment, "an assignment names a broker more than once");
        }

        bool isDense = topic.Assignments.Select(a => a.PartitionIndex).Order().SequenceEqual(Enumerable.Range(0, topic.Assignments.Count));
        return isDense && topic.Assignments.All(a => a.BrokerIds.Count > 0 && a.BrokerIds.All(id => services.Metadata.Current.LiveNodes.ContainsKey(new NodeId(id))))
            ? (ErrorCode.None, null)
            : (ErrorCode.InvalidReplicaAssignment, $"assignments must number partitions from 0 without gaps and name live brokers ({string.Join(", ", services.Metadata.Current.LiveNodes.Keys.Order())})");
    }

    private (ErrorCode Error, string? Message) CheckConfigs(CreateTopicsRequest.CreatableTopic topic)
    {
        foreach (CreateTopicsRequest.CreatableTopicConfig config in topic.Configs)
        {
            if (TopicConfig.Problem(config.Name, config.Value) is { } problem)
            {
                return (ErrorCode.InvalidConfig, problem);
            }
        }

        return new TopicConfig(services.Options.Settings, ConfigsOf(topic)).Conflict() is { } conflict
            ? (ErrorCode.InvalidConfig, conflict)
            : (ErrorCode.None, null);
    }

    private NewTopic NewTopicFor(CreateTopicsRequest.CreatableTopic topic) => topic.Name == GroupDirectory.OffsetsTopic
        ? OffsetsTopicDefinition.For(PartitionsOf(topic), ConfigsOf(topic))
        : new NewTopic(topic.Name, PartitionsOf(topic), ConfigsOf(topic)) { Leaders = [.. topic.Assignments.OrderBy(a => a.PartitionIndex).Select(a => new NodeId(a.BrokerIds[0]))] };

    private int PartitionsOf(CreateTopicsRequest.CreatableTopic topic) =>
        topic.Assignments.Count > 0 ? topic.Assignments.Count
        : topic.NumPartitions == UseDefault ? services.Options.Topics.NumPartitions : topic.NumPartitions;

    private static Dictionary<string, string> ConfigsOf(CreateTopicsRequest.CreatableTopic topic) =>
        topic.Configs.GroupBy(c => c.Name).ToDictionary(c => c.Key, c => c.Last().Value!);

    private void Describe(CreateTopicsResponse.CreatableTopicResult result, CreateTopicsRequest.CreatableTopic topic, Guid topicId)
    {
        TopicConfig config = new(services.Options.Settings, NewTopicFor(topic).Configs);
        result.TopicId = topicId;
        result.NumPartitions = PartitionsOf(topic);
        result.ReplicationFactor = 1;
        result.Configs =
        [
            .. SettingCatalog.Of(SettingScope.Topic).Select(setting => new CreateTopicsResponse.CreatableTopicConfigs
            {
                Name = setting.Name,
                Value = config.Value(setting.Name).Text,
                ConfigSource = (sbyte)config.Value(setting.Name).Origin,
            }),
        ];
    }
}
