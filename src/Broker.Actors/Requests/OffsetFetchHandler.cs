using Broker.Actors.Connections;
using Broker.Actors.Groups;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>OffsetFetch 1-10: of one group, or (from version 8) of several; no topics means all. From version 10 on topics are named by id.</summary>
internal sealed class OffsetFetchHandler(BrokerServices services) : IRequestHandler
{
    private const short FirstWithGroups = 8;
    private const short FirstWithTopicIds = 10;

    public ApiKey ApiKey => ApiKey.OffsetFetch;

    public VersionRange Versions => new(OffsetFetchRequest.LowestVersion, OffsetFetchRequest.HighestVersion);

    public void Handle(RequestExchange exchange) => exchange.RespondWith(
        exchange.ApiVersion >= FirstWithGroups ? FetchGroupsAsync(exchange) : FetchGroupAsync(exchange));

    private async Task<IKafkaResponse> FetchGroupAsync(RequestExchange exchange)
    {
        OffsetFetchRequest request = (OffsetFetchRequest)exchange.Request;
        TopicPartition[]? partitions = request.Topics is null ? null
            : [.. request.Topics.SelectMany(topic => topic.PartitionIndexes.Select(p => new TopicPartition(topic.Name, p)))];
        OffsetsFetched fetched = await services.AskGroupAsync<OffsetsFetched>(exchange.Client, new FetchOffsets(request.GroupId, partitions));
        OffsetFetchResponse response = new() { ErrorCode = (short)fetched.Error };

        // Version 1 has no place for an error of the group: each partition carries it.
        IEnumerable<FetchedOffset> offsets = fetched.Error != ErrorCode.None && exchange.ApiVersion < 2
            ? (partitions ?? []).Select(p => new FetchedOffset(p, -1, -1, ""))
            : fetched.Offsets;
        foreach (IGrouping<string, FetchedOffset> topic in offsets.GroupBy(o => o.Partition.Topic))
        {
            response.Topics.Add(new OffsetFetchResponse.OffsetFetchResponseTopic
            {
                Name = topic.Key,
                Partitions =
                [
                    .. topic.Select(o => new OffsetFetchResponse.OffsetFetchResponsePartition
                    {
                        PartitionIndex = o.Partition.Partition,
                        CommittedOffset = o.Offset,
                        CommittedLeaderEpoch = o.LeaderEpoch,
                        Metadata = o.Metadata,
                        ErrorCode = (short)(exchange.ApiVersion < 2 ? fetched.Error : ErrorCode.None),
                    }),
                ],
            });
        }

        return response;
    }

    private async Task<IKafkaResponse> FetchGroupsAsync(RequestExchange exchange)
    {
        OffsetFetchRequest request = (OffsetFetchRequest)exchange.Request;
        OffsetFetchResponse.OffsetFetchResponseGroup[] groups = await Task.WhenAll(request.Groups.Select(group => FetchOneAsync(exchange, group)));
        return new OffsetFetchResponse { Groups = [.. groups] };
    }

    private async Task<OffsetFetchResponse.OffsetFetchResponseGroup> FetchOneAsync(RequestExchange exchange, OffsetFetchRequest.OffsetFetchRequestGroup group)
    {
        MetadataImage image = services.Metadata.Current;
        bool byId = exchange.ApiVersion >= FirstWithTopicIds;
        OffsetFetchResponse.OffsetFetchResponseGroup answer = new() { GroupId = group.GroupId };
        List<TopicPartition>? partitions = group.Topics is null ? null : [];
        foreach (OffsetFetchRequest.OffsetFetchRequestTopics topic in group.Topics ?? [])
        {
            if ((byId ? image.FindTopic(topic.TopicId)?.Name : topic.Name) is { } name)
            {
                partitions!.AddRange(topic.PartitionIndexes.Select(p => new TopicPartition(name, p)));
            }
            else
            {
                answer.Topics.Add(UnknownTopic(topic));
            }
        }

        OffsetsFetched fetched = await services.AskGroupAsync<OffsetsFetched>(exchange.Client, new FetchOffsets(group.GroupId, partitions));
        answer.ErrorCode = (short)fetched.Error;
        foreach (IGrouping<string, FetchedOffset> topic in fetched.Offsets.GroupBy(o => o.Partition.Topic))
        {
            Guid topicId = image.FindTopic(topic.Key)?.TopicId ?? Guid.Empty;
            if (!byId || topicId != Guid.Empty)
            {
                answer.Topics.Add(new OffsetFetchResponse.OffsetFetchResponseTopics { Name = topic.Key, TopicId = topicId, Partitions = [.. topic.Select(Describe)] });
            }
        }

        return answer;
    }

    private static OffsetFetchResponse.OffsetFetchResponseTopics UnknownTopic(OffsetFetchRequest.OffsetFetchRequestTopics topic) => new()
    {
        Name = topic.Name,
        TopicId = topic.TopicId,
        Partitions =
        [
            .. topic.PartitionIndexes.Select(p => new OffsetFetchResponse.OffsetFetchResponsePartitions
            {
                PartitionIndex = p, CommittedOffset = -1, Metadata = "", ErrorCode = (short)ErrorCode.UnknownTopicId,
            }),
        ],
    };

    private static OffsetFetchResponse.OffsetFetchResponsePartitions Describe(FetchedOffset offset) => new()
    {
        PartitionIndex = offset.Partition.Partition,
        CommittedOffset = offset.Offset,
        CommittedLeaderEpoch = offset.LeaderEpoch,
        Metadata = offset.Metadata,
    };
}
