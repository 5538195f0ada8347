using Akka.Actor;
using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Security;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>DeleteTopics 1-6: by name, or (from version 6) by id. Answered when the deletion is durable; objects go later.</summary>
internal sealed class DeleteTopicsHandler(BrokerServices services) : IRequestHandler
{
    private const short FirstWithTopicIds = 6;

    public ApiKey ApiKey => ApiKey.DeleteTopics;

    public VersionRange Versions => new(DeleteTopicsRequest.LowestVersion, DeleteTopicsRequest.HighestVersion);

    public void Handle(RequestExchange exchange) => exchange.RespondWith(DeleteAsync(exchange));

    private async Task<IKafkaResponse> DeleteAsync(RequestExchange exchange)
    {
        DeleteTopicsRequest request = (DeleteTopicsRequest)exchange.Request;
        MetadataImage image = services.Metadata.Current;
        IEnumerable<(string? Name, Guid Id)> asked = exchange.ApiVersion >= FirstWithTopicIds
            ? request.Topics.Select(topic => (topic.Name, topic.TopicId))
            : request.TopicNames.Select(name => ((string?)name, Guid.Empty));
        DeleteTopicsResponse response = new();
        List<(TopicState Topic, DeleteTopicsResponse.DeletableTopicResult Result)> valid = [];
        foreach ((string? name, Guid id) in asked)
        {
            TopicState? topic = name is not null ? image.FindTopic(name) : image.FindTopic(id);
            ErrorCode error = Check(exchange.Client, name, topic);
            DeleteTopicsResponse.DeletableTopicResult result = new() { Name = name ?? topic?.Name, TopicId = topic?.TopicId ?? id, ErrorCode = (short)error };
            response.Responses.Add(result);
            if (error == ErrorCode.None)
            {
                valid.Add((topic!, result));
            }
        }

        if (valid.Count > 0)
        {
            await RemoveAsync(valid);
        }

        return response;
    }

    private ErrorCode Check(ClientIdentity client, string? name, TopicState? topic)
    {
        if (topic is null)
        {
            return name is not null ? ErrorCode.UnknownTopicOrPartition : ErrorCode.UnknownTopicId;
        }

        if (!services.Authorizer.Allows(client, AclOperation.Delete, AclResource.Topic, topic.Name))
        {
            return ErrorCode.TopicAuthorizationFailed;
        }

        return services.Options.Topics.DeleteEnabled ? ErrorCode.None : ErrorCode.TopicDeletionDisabled;
    }

    private async Task RemoveAsync(List<(TopicState Topic, DeleteTopicsResponse.DeletableTopicResult Result)> valid)
    {
        object removed = await services.Coordinator.Ask(new RemoveTopics([.. valid.Select(one => one.Topic.TopicId)]), CoordinatorTimeouts.Command);
        for (int i = 0; i < valid.Count; i++)
        {
            TopicResult outcome = removed is TopicsChanged changed
                ? changed.Results[i]
                : new TopicResult(ErrorCode.KafkaStorageError, ((CommandFailed)removed).Reason, Guid.Empty);
            (valid[i].Result.ErrorCode, valid[i].Result.ErrorMessage) = ((short)outcome.Error, outcome.Message);
        }
    }
}
