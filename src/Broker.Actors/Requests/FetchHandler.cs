using Akka.Actor;
using Broker.Actors.Connections;
using Broker.Actors.Security;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>
/// Fetch 4-18: long polls, min and max bytes, topics by name or (from 13) by id, leader epochs checked (KIP-320).
/// Sessions (KIP-227) are always answered with id 0, which tells clients to send full fetches. There are no
/// transactions yet, so both isolation levels read to the high watermark. A partition that stands twice is answered once. Of a connection's fetches one at a time is read and written: a client
/// that does not take its answers holds one.
/// </summary>
internal sealed class FetchHandler(BrokerServices services, IScheduler scheduler) : IRequestHandler
{
    public ApiKey ApiKey => ApiKey.Fetch;

    public VersionRange Versions => new(4, FetchRequest.HighestVersion);

    public void Handle(RequestExchange exchange)
    {
        FetchRequest request = (FetchRequest)exchange.Request;
        FetchResponse response = new();

        if (SessionError(request) is var sessionError and not ErrorCode.None)
        {
            response.ErrorCode = (short)sessionError;
            exchange.Respond(response);
            return;
        }

        int maxBytes = Math.Min(request.MaxBytes, services.Options.Connections.FetchMaxBytes);
        FetchLimits limits = new(Math.Min(request.MinBytes, maxBytes), maxBytes, TimeSpan.FromMilliseconds(Math.Max(request.MaxWaitMs, 0)));
        PendingFetch pending = new(exchange, response, limits, services.ResponseMemory, services.Traffic, services.Metadata, scheduler);
        MetadataImage image = services.Metadata.Current;
        foreach ((FetchRequest.FetchTopic topic, IReadOnlyList<FetchRequest.FetchPartition> partitions) in DistinctPartitions.Of(request.Topics))
        {
            AddTopic(exchange, image, topic, partitions, pending, response, maxBytes);
        }

        exchange.RespondInTurn(pending);
    }

    // A session that this broker never gave: the client falls back to a full fetch.
    private static ErrorCode SessionError(FetchRequest request) => (request.SessionId, request.SessionEpoch) switch
    {
        (_, -1 or 0) => ErrorCode.None,
        _ => ErrorCode.FetchSessionIdNotFound,
    };

    private void AddTopic(
        RequestExchange exchange, MetadataImage image, FetchRequest.FetchTopic topic, IReadOnlyList<FetchRequest.FetchPartition> partitions, PendingFetch pending, FetchResponse response, int maxBytes)
    {
        TopicState? found = exchange.ApiVersion >= 13 ? image.FindTopic(topic.TopicId) : image.FindTopic(topic.Topic);
        FetchResponse.FetchableTopicResponse answer = new() { Topic = topic.Topic, TopicId = topic.TopicId };
        response.Responses.Add(answer);
        ErrorCode topicError = found is null
            ? exchange.ApiVersion >= 13 ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition
            : services.Authorizer.Allows(exchange.Client, AclOperation.Read, AclResource.Topic, found.Name) ? ErrorCode.None : ErrorCode.TopicAuthorizationFailed;
        foreach (FetchRequest.FetchPartition partition in partitions)
        {
            FetchResponse.PartitionData data = new() { PartitionIndex = partition.Partition, HighWatermark = -1, Records = System.Buffers.ReadOnlySequence<byte>.Empty };
            answer.Partitions.Add(data);
            (IActorRef? leader, ErrorCode error) = topicError == ErrorCode.None ? FindLeader(found!, partition.Partition) : (null, topicError);
            data.ErrorCode = (short)error;
            int partitionMaxBytes = Math.Max(1, Math.Min(partition.PartitionMaxBytes, maxBytes));
            pending.Add(new FetchSlot(data, leader, new Offset(partition.FetchOffset), partitionMaxBytes, partition.CurrentLeaderEpoch));
        }
    }

    private (IActorRef? Leader, ErrorCode Error) FindLeader(TopicState topic, int partition)
    {
        if (partition < 0 || partition >= topic.Partitions.Length)
        {
            return (null, ErrorCode.UnknownTopicOrPartition);
        }

        IActorRef? leader = services.Partitions.Find(topic.Partitions[partition]);
        return (leader, leader is null ? ErrorCode.NotLeaderOrFollower : ErrorCode.None);
    }
}
