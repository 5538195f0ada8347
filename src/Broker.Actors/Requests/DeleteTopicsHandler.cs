using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Security;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>
/// DeleteTopics 1-6: by name, or (from version 6) by id. Answered when the deletion is durable; objects go later. What is
/// named by both, by neither or twice is kept: which topic was meant is not certain enough to delete one.
/// </summary>
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
        Asked[] asked = exchange.ApiVersion >= FirstWithTopicIds
            ? [.. request.Topics.Select(topic => new Asked(topic.Name, topic.TopicId))]
            : [.. request.TopicNames.Select(name => new Asked(name, Guid.Empty))];
        DeleteTopicsResponse response = new();
        List<(TopicState Topic, DeleteTopicsResponse.DeletableTopicResult Result)> valid = [];
        foreach (IGrouping<Asked, Asked> one in asked.Where(IsClear).GroupBy(one => one))
        {
            TopicState? topic = one.Key.Name is { } name ? image.FindTopic(name) : image.FindTopic(one.Key.Id);
            if (one.Count() > 1)
            {
                response.Responses.Add(Refused(one.Key, $"a topic {(one.Key.Name is null ? "id" : "name")} stands twice in the request"));
            }
            else if (topic is not null && one.Key.Name is null && asked.Contains(new Asked(topic.Name, Guid.Empty)))
            {
                // Its name's entry answers for both.
                continue;
            }
            else if (topic is not null && one.Key.Name is not null && asked.Contains(new Asked(null, topic.TopicId)))
            {
                response.Responses.Add(Refused(new Asked(topic.Name, topic.TopicId), "the topic stands twice in the request, by name and by id"));
            }
            else
            {
                Judge(exchange.Client, one.Key, topic, response, valid);
            }
        }

        response.Responses.AddRange(asked.Where(one => !IsClear(one)).Select(one =>
            Refused(one, one.Name is null ? "a topic needs a name or an id" : "a topic is asked for by name or by id, not by both")));
        if (valid.Count > 0)
        {
            await RemoveAsync(valid, CoordinatorCalls.PatienceFor(request.TimeoutMs));
        }

        return response;
    }

    private static bool IsClear(Asked asked) => asked.Name is null != (asked.Id == Guid.Empty);

    private static DeleteTopicsResponse.DeletableTopicResult Refused(Asked asked, string message) =>
        new() { Name = asked.Name, TopicId = asked.Id, ErrorCode = (short)ErrorCode.InvalidRequest, ErrorMessage = message };

    private void Judge(ClientIdentity client, Asked asked, TopicState? topic, DeleteTopicsResponse response, List<(TopicState Topic, DeleteTopicsResponse.DeletableTopicResult Result)> valid)
    {
        ErrorCode error = Check(client, asked.Name, topic);
        DeleteTopicsResponse.DeletableTopicResult result = new() { Name = asked.Name ?? topic?.Name, TopicId = topic?.TopicId ?? asked.Id, ErrorCode = (short)error };
        response.Responses.Add(result);
        if (error == ErrorCode.None)
        {
            valid.Add((topic!, result));
        }
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

    private async Task RemoveAsync(List<(TopicState Topic, DeleteTopicsResponse.DeletableTopicResult Result)> valid, TimeSpan patience)
    {
        object removed = await services.CommandAsync(new RemoveTopics([.. valid.Select(one => one.Topic.TopicId)]), patience);
        for (int i = 0; i < valid.Count; i++)
        {
            TopicResult outcome = removed is TopicsChanged changed
                ? changed.Results[i]
                : new TopicResult(((CommandFailed)removed).Error, ((CommandFailed)removed).Reason, Guid.Empty);
            (valid[i].Result.ErrorCode, valid[i].Result.ErrorMessage) = ((short)outcome.Error, outcome.Message);
        }
    }

    /// <summary>One topic of a request: by name, or else by id.</summary>
    private readonly record struct Asked(string? Name, Guid Id);
}
