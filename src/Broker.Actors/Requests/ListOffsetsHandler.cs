using Broker.Actors.Connections;
using Broker.Actors.Partitions;
using Broker.Actors.Security;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>
/// ListOffsets 1-11: by timestamp, earliest, latest, of the highest timestamp (KIP-734), and KIP-405's names, which mean
/// nothing more here. Topics that stand in several places are answered in one; partitions that do are refused.
/// </summary>
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
        foreach (IGrouping<string, ListOffsetsRequest.ListOffsetsTopic> topic in request.Topics.GroupBy(topic => topic.Name))
        {
            ListOffsetsResponse.ListOffsetsTopicResponse answer = new() { Name = topic.Key };
            response.Topics.Add(answer);
            bool allowed = services.Authorizer.Allows(exchange.Client, AclOperation.Describe, AclResource.Topic, topic.Key);
            TopicState? found = image.FindTopic(topic.Key);
            foreach (IGrouping<int, ListOffsetsRequest.ListOffsetsPartition> partition in topic.SelectMany(one => one.Partitions).GroupBy(p => p.PartitionIndex))
            {
                ListOffsetsResponse.ListOffsetsPartitionResponse slot = new() { PartitionIndex = partition.Key };
                answer.Partitions.Add(slot);
                slot.ErrorCode = (short)(allowed ? Ask(exchange, found, partition, pending, slot) : ErrorCode.TopicAuthorizationFailed);
            }
        }

        pending.AnswerIfComplete();
    }

    private ErrorCode Ask(RequestExchange exchange, TopicState? topic, IEnumerable<ListOffsetsRequest.ListOffsetsPartition> asked, Pending pending, ListOffsetsResponse.ListOffsetsPartitionResponse slot)
    {
        if (asked.Count() > 1)
        {
            return ErrorCode.InvalidRequest;
        }

        ListOffsetsRequest.ListOffsetsPartition partition = asked.First();
        if (!IsKnown(partition.Timestamp, exchange.ApiVersion))
        {
            return ErrorCode.UnsupportedVersion;
        }

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

    // Negative timestamps are names, and each name came with a version: an older client cannot have meant it.
    private static bool IsKnown(long timestamp, short version) => timestamp switch
    {
        >= OffsetSearch.Earliest => true,
        OffsetSearch.MaxTimestamp => version >= 7,
        OffsetSearch.EarliestLocal => version >= 8,
        OffsetSearch.LatestTiered => version >= 9,
        OffsetSearch.EarliestPendingUpload => version >= 11,
        _ => false,
    };

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
