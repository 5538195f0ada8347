using Broker.Actors.Connections;
using Broker.Actors.Partitions;
using Broker.Actors.Security;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>ListOffsets 1-11: by timestamp, earliest, latest, of the highest timestamp (KIP-734), and KIP-405's names, which mean nothing more here.</summary>
internal sealed class ListOffsetsHandler(BrokerServices services) : IRequestHandler
{
    private const short FirstWithLeaderEpoch = 4;

    public ApiKey ApiKey => ApiKey.ListOffsets;

    public VersionRange Versions => new(ListOffsetsRequest.LowestVersion, ListOffsetsRequest.HighestVersion);

    public void Handle(RequestExchange exchange)
    {
        ListOffsetsRequest request = (ListOffsetsRequest)exchange.Request;
        MetadataImage image = services.Metadata.Current;
        ListOffsetsResponse response = new();
        Pending pending = new(exchange, response);
        exchange.RespondAfter(pending);
        foreach (ListOffsetsRequest.ListOffsetsTopic topic in request.Topics)
        {
            ListOffsetsResponse.ListOffsetsTopicResponse answer = new() { Name = topic.Name };
            response.Topics.Add(answer);
            bool allowed = services.Authorizer.Allows(exchange.Client, AclOperation.Describe, AclResource.Topic, topic.Name);
            TopicState? found = image.FindTopic(topic.Name);
            foreach (ListOffsetsRequest.ListOffsetsPartition partition in topic.Partitions)
            {
                ListOffsetsResponse.ListOffsetsPartitionResponse slot = new() { PartitionIndex = partition.PartitionIndex };
                answer.Partitions.Add(slot);
                slot.ErrorCode = (short)(allowed ? Ask(exchange, found, partition, pending, slot) : ErrorCode.TopicAuthorizationFailed);
            }
        }

        pending.AnswerIfComplete();
    }

    private ErrorCode Ask(RequestExchange exchange, TopicState? topic, ListOffsetsRequest.ListOffsetsPartition partition, Pending pending, ListOffsetsResponse.ListOffsetsPartitionResponse slot)
    {
        if (topic is null || partition.PartitionIndex < 0 || partition.PartitionIndex >= topic.Partitions.Length)
        {
            return ErrorCode.UnknownTopicOrPartition;
        }

        if (services.Partitions.Find(topic.Partitions[partition.PartitionIndex]) is not { } leader)
        {
            return ErrorCode.NotLeaderOrFollower;
        }

        ReplyTag tag = new(exchange.Key, pending.Add(slot));
        leader.Tell(new LookUpOffset(tag, partition.Timestamp, partition.CurrentLeaderEpoch), exchange.Connection);
        return ErrorCode.None;
    }

    private sealed class Pending(RequestExchange exchange, ListOffsetsResponse response) : PendingRequest
    {
        private readonly List<ListOffsetsResponse.ListOffsetsPartitionResponse> _slots = [];
        private int _missing;

        public int Add(ListOffsetsResponse.ListOffsetsPartitionResponse slot)
        {
            _slots.Add(slot);
            _missing++;
            return _slots.Count - 1;
        }

        public override void OnReply(IRequestReply reply)
        {
            OffsetReply found = (OffsetReply)reply;
            ListOffsetsResponse.ListOffsetsPartitionResponse slot = _slots[found.Tag.Index];
            (slot.ErrorCode, slot.Timestamp, slot.Offset) = ((short)found.Error, found.TimestampMs, found.Offset);
            if (exchange.ApiVersion >= FirstWithLeaderEpoch)
            {
                slot.LeaderEpoch = found.LeaderEpoch;
            }

            _missing--;
            AnswerIfComplete();
        }

        public void AnswerIfComplete()
        {
            if (_missing == 0)
            {
                exchange.Respond(response);
            }
        }

        public override void Abandon()
        {
            // Nothing is held.
        }
    }
}
