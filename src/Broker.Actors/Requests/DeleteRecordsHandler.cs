using Akka.Actor;
using Broker.Actors.Configuration;
using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.Actors.Security;
using Broker.ObjectStore;
using Broker.ObjectStore.Metadata;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>
/// DeleteRecords 0-2 (KIP-107): moves the first offset of partitions forward, to their end by -1. Answered when that is durable, with where they begin
/// now; the objects go when nothing in them is left. Topics that are only compacted, and the broker's own, keep their records.
/// </summary>
internal sealed class DeleteRecordsHandler(BrokerServices services) : IRequestHandler
{
    /// <summary>Stands for the high watermark.</summary>
    private const long ToTheEnd = -1;

    private const long NoLowWatermark = -1;

    public ApiKey ApiKey => ApiKey.DeleteRecords;

    public VersionRange Versions => new(DeleteRecordsRequest.LowestVersion, DeleteRecordsRequest.HighestVersion);

    public void Handle(RequestExchange exchange) => exchange.RespondWith(DeleteAsync(exchange));

    private async Task<IKafkaResponse> DeleteAsync(RequestExchange exchange)
    {
        DeleteRecordsRequest request = (DeleteRecordsRequest)exchange.Request;
        MetadataImage image = services.Metadata.Current;
        DeleteRecordsResponse response = new();
        List<Deletion> deletions = [];
        foreach (IGrouping<string, DeleteRecordsRequest.DeleteRecordsTopic> topic in request.Topics.Where(topic => topic.Partitions.Count > 0).GroupBy(topic => topic.Name))
        {
            DeleteRecordsResponse.DeleteRecordsTopicResult answer = new() { Name = topic.Key };
            response.Topics.Add(answer);
            TopicState? found = image.FindTopic(topic.Key);
            ErrorCode refusal = Check(exchange.Client, topic.Key, found);

            // Of a partition that stands there twice the last word counts, as in Kafka.
            foreach (DeleteRecordsRequest.DeleteRecordsPartition partition in topic.SelectMany(one => one.Partitions).GroupBy(p => p.PartitionIndex).Select(same => same.Last()))
            {
                DeleteRecordsResponse.DeleteRecordsPartitionResult slot = new() { PartitionIndex = partition.PartitionIndex, LowWatermark = NoLowWatermark, ErrorCode = (short)refusal };
                answer.Partitions.Add(slot);
                if (refusal == ErrorCode.None)
                {
                    Judge(found!, partition, slot, deletions);
                }
            }
        }

        await TrimAsync(deletions);
        return response;
    }

    private ErrorCode Check(ClientIdentity client, string name, TopicState? topic)
    {
        if (!services.Authorizer.Allows(client, AclOperation.Delete, AclResource.Topic, name))
        {
            return ErrorCode.TopicAuthorizationFailed;
        }

        if (topic is null)
        {
            return ErrorCode.UnknownTopicOrPartition;
        }

        if (InternalTopics.Contains(name))
        {
            return ErrorCode.InvalidTopicException;
        }

        return new TopicConfig(services.Options.Settings, topic.Configs).IsDeleted ? ErrorCode.None : ErrorCode.PolicyViolation;
    }

    private void Judge(
        TopicState topic, DeleteRecordsRequest.DeleteRecordsPartition partition, DeleteRecordsResponse.DeleteRecordsPartitionResult slot, List<Deletion> deletions)
    {
        if (partition.PartitionIndex < 0 || partition.PartitionIndex >= topic.Partitions.Length)
        {
            slot.ErrorCode = (short)ErrorCode.UnknownTopicOrPartition;
        }
        else if (services.Partitions.Find(topic.Partitions[partition.PartitionIndex]) is not { } leader)
        {
            slot.ErrorCode = (short)ErrorCode.NotLeaderOrFollower;
        }
        else
        {
            Task<OffsetReply> end = leader.Ask<OffsetReply>(new LookUpOffset(default, OffsetSearch.Latest, LeaderEpoch: -1), CoordinatorTimeouts.Command);
            deletions.Add(new Deletion(topic.Partitions[partition.PartitionIndex], partition.Offset, end, slot));
        }
    }

    private async Task TrimAsync(List<Deletion> deletions)
    {
        List<(Deletion Deletion, StreamTrimmed Trim)> trims = [];
        foreach (Deletion deletion in deletions)
        {
            try
            {
                OffsetReply end = await deletion.End;
                long before = deletion.Before == ToTheEnd ? end.Offset : deletion.Before;
                deletion.Slot.ErrorCode = (short)(end.Error != ErrorCode.None ? end.Error : before < 0 || before > end.Offset ? ErrorCode.OffsetOutOfRange : ErrorCode.None);
                if (deletion.Slot.ErrorCode == (short)ErrorCode.None)
                {
                    trims.Add((deletion, new StreamTrimmed(deletion.Stream, new Offset(before))));
                }
            }
            catch (AskTimeoutException)
            {
                // The partition closed meanwhile, or is busy opening.
                deletion.Slot.ErrorCode = (short)ErrorCode.NotLeaderOrFollower;
            }
        }

        if (trims.Count > 0)
        {
            object answer = await services.Coordinator.Ask(new TrimStreams([.. trims.Select(one => one.Trim)]), CoordinatorTimeouts.Command);
            trims.ForEach(one => Answer(one.Deletion, answer));
        }
    }

    private static void Answer(Deletion deletion, object answer)
    {
        StreamState? stream = (answer as StreamsTrimmed)?.Image.FindStream(deletion.Stream);
        deletion.Slot.LowWatermark = stream?.StartOffset.Value ?? NoLowWatermark;
        deletion.Slot.ErrorCode = (short)(answer is not StreamsTrimmed ? ErrorCode.KafkaStorageError : stream is null ? ErrorCode.UnknownTopicOrPartition : ErrorCode.None);
    }

    /// <summary>One partition's, while its end is asked for.</summary>
    private sealed record Deletion(StreamId Stream, long Before, Task<OffsetReply> End, DeleteRecordsResponse.DeleteRecordsPartitionResult Slot);
}
