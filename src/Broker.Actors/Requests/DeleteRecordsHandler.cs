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
/// now, or when the request's time is over; the objects go when nothing in them is left. Topics that are only compacted, and the broker's own, keep their records.
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
        Deadline deadline = new(services.Clock, CoordinatorCalls.PatienceFor(request.TimeoutMs));
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
                    Judge(found!, partition, slot, deletions, deadline);
                }
            }
        }

        await TrimAsync(deletions, deadline);
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
        TopicState topic, DeleteRecordsRequest.DeleteRecordsPartition partition, DeleteRecordsResponse.DeleteRecordsPartitionResult slot, List<Deletion> deletions, Deadline deadline)
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
            Task<OffsetReply> end = leader.Ask<OffsetReply>(new LookUpOffset(default, OffsetSearch.Latest, LeaderEpoch: -1), deadline.Left);
            deletions.Add(new Deletion(topic.Partitions[partition.PartitionIndex], partition.Offset, end, slot));
        }
    }

    private async Task TrimAsync(List<Deletion> deletions, Deadline deadline)
    {
        List<(Deletion Deletion, StreamTrimmed Trim)> trims = [];
        foreach (Deletion deletion in deletions)
        {
            try
            {
                OffsetReply end = await deletion.End;
                long before = deletion.Before == ToTheEnd ? end.Offset : deletion.Before;
                deletion.Slot.ErrorCode = (short)(end.Error != ErrorCode.None ? Judge(deletion.Stream, end.Error) : before < 0 || before > end.Offset ? ErrorCode.OffsetOutOfRange : ErrorCode.None);
                if (deletion.Slot.ErrorCode == (short)ErrorCode.None)
                {
                    trims.Add((deletion, new StreamTrimmed(deletion.Stream, new Offset(before))));
                }
            }
            catch (AskTimeoutException)
            {
                // It is busy opening.
                deletion.Slot.ErrorCode = (short)Judge(deletion.Stream, ErrorCode.RequestTimedOut);
            }
        }

        if (trims.Count > 0)
        {
            object answer = await services.CommandAsync(new TrimStreams([.. trims.Select(one => one.Trim)]), deadline.Left);
            trims.ForEach(one => Answer(one.Deletion, answer));
        }
    }

    // A partition that closed, because its topic was deleted meanwhile, has no leader to look for.
    private ErrorCode Judge(StreamId stream, ErrorCode error) => services.Metadata.Current.FindStream(stream) is null ? ErrorCode.UnknownTopicOrPartition : error;

    private static void Answer(Deletion deletion, object answer)
    {
        StreamState? stream = (answer as StreamsTrimmed)?.Image.FindStream(deletion.Stream);
        deletion.Slot.LowWatermark = stream?.StartOffset.Value ?? NoLowWatermark;
        deletion.Slot.ErrorCode = (short)(answer is CommandFailed failed ? failed.Error : stream is null ? ErrorCode.UnknownTopicOrPartition : ErrorCode.None);
    }

    /// <summary>The end of the request's time, which the lookups and the trim share.</summary>
    private sealed class Deadline(TimeProvider clock, TimeSpan patience)
    {
        /// <summary>A millisecond at least: what is there already is taken also when the time is over.</summary>
        private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(1);

        private readonly long _begun = clock.GetTimestamp();

        public TimeSpan Left => patience - clock.GetElapsedTime(_begun) is var left && left > Least ? left : Least;
    }

    /// <summary>One partition's, while its end is asked for.</summary>
    private sealed record Deletion(StreamId Stream, long Before, Task<OffsetReply> End, DeleteRecordsResponse.DeleteRecordsPartitionResult Slot);
}
