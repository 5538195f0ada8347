using Broker.Actors.Connections;
using Broker.Actors.Groups;
using Broker.Actors.Security;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>OffsetCommit 2-10: answered when the offsets are durable. From version 10 on topics are named by id.</summary>
internal sealed class OffsetCommitHandler(BrokerServices services) : IRequestHandler
{
    private const short FirstWithTopicIds = 10;

    public ApiKey ApiKey => ApiKey.OffsetCommit;

    public VersionRange Versions => new(OffsetCommitRequest.LowestVersion, OffsetCommitRequest.HighestVersion);

    public void Handle(RequestExchange exchange) => exchange.RespondWith(CommitAsync(exchange));

    private async Task<IKafkaResponse> CommitAsync(RequestExchange exchange)
    {
        OffsetCommitRequest request = (OffsetCommitRequest)exchange.Request;
        OffsetCommitResponse response = new();
        List<OffsetToCommit> offsets = [];
        List<OffsetCommitResponse.OffsetCommitResponsePartition> slots = [];
        foreach (OffsetCommitRequest.OffsetCommitRequestTopic topic in request.Topics)
        {
            AddTopic(exchange, topic, response, offsets, slots);
        }

        if (offsets.Count > 0)
        {
            CommitOffsets commit = new(request.GroupId, request.MemberId, request.GroupInstanceId, request.GenerationIdOrMemberEpoch, request.RetentionTimeMs, offsets);
            OffsetsCommitted committed = await services.AskGroupAsync<OffsetsCommitted>(exchange.Client, commit);
            for (int i = 0; i < slots.Count; i++)
            {
                slots[i].ErrorCode = (short)committed.Errors[i];
            }
        }

        return response;
    }

    private void AddTopic(RequestExchange exchange, OffsetCommitRequest.OffsetCommitRequestTopic topic, OffsetCommitResponse response, List<OffsetToCommit> offsets, List<OffsetCommitResponse.OffsetCommitResponsePartition> slots)
    {
        bool byId = exchange.ApiVersion >= FirstWithTopicIds;
        MetadataImage image = services.Metadata.Current;
        TopicState? found = byId ? image.FindTopic(topic.TopicId) : image.FindTopic(topic.Name);
        OffsetCommitResponse.OffsetCommitResponseTopic answer = new() { Name = topic.Name, TopicId = topic.TopicId };
        response.Topics.Add(answer);
        foreach (OffsetCommitRequest.OffsetCommitRequestPartition partition in topic.Partitions)
        {
            OffsetCommitResponse.OffsetCommitResponsePartition slot = new() { PartitionIndex = partition.PartitionIndex };
            answer.Partitions.Add(slot);
            ErrorCode error = Check(exchange, byId, found, partition.PartitionIndex);
            slot.ErrorCode = (short)error;
            if (error == ErrorCode.None)
            {
                offsets.Add(new OffsetToCommit(
                    new TopicPartition(found!.Name, partition.PartitionIndex), partition.CommittedOffset, partition.CommittedLeaderEpoch, partition.CommittedMetadata));
                slots.Add(slot);
            }
        }
    }

    private ErrorCode Check(RequestExchange exchange, bool byId, TopicState? topic, int partition)
    {
        if (topic is null)
        {
            return byId ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition;
        }

        if (!services.Authorizer.Allows(exchange.Client, AclOperation.Read, AclResource.Topic, topic.Name))
        {
            return ErrorCode.TopicAuthorizationFailed;
        }

        return partition >= 0 && partition < topic.Partitions.Length ? ErrorCode.None : ErrorCode.UnknownTopicOrPartition;
    }
}
