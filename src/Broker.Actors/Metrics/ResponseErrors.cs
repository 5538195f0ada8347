using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Metrics;

/// <summary>Finds out whether an answer has an error in it, wherever its API puts that.</summary>
internal static class ResponseErrors
{
    /// <summary>The first error of an answer of any API that is served; <see cref="ErrorCode.None"/> when it has none, or is no answer.</summary>
    public static ErrorCode FirstIn(IKafkaResponse? response) => (ErrorCode)(response switch
    {
        ProduceResponse produce => First(produce.Responses, static topic => First(topic.PartitionResponses, static partition => partition.ErrorCode)),
        FetchResponse fetch => Either(fetch.ErrorCode, First(fetch.Responses, static topic => First(topic.Partitions, static partition => partition.ErrorCode))),
        DeleteRecordsResponse deleted => First(deleted.Topics, static topic => First(topic.Partitions, static partition => partition.ErrorCode)),
        ListOffsetsResponse offsets => First(offsets.Topics, static topic => First(topic.Partitions, static partition => partition.ErrorCode)),
        MetadataResponse metadata => Either(
            metadata.ErrorCode, First(metadata.Topics, static topic => Either(topic.ErrorCode, First(topic.Partitions, static partition => partition.ErrorCode)))),
        OffsetCommitResponse commit => First(commit.Topics, static topic => First(topic.Partitions, static partition => partition.ErrorCode)),
        OffsetFetchResponse fetch => InOffsetFetch(fetch),
        FindCoordinatorResponse found => Either(found.ErrorCode, First(found.Coordinators, static one => one.ErrorCode)),
        JoinGroupResponse join => join.ErrorCode,
        HeartbeatResponse heartbeat => heartbeat.ErrorCode,
        LeaveGroupResponse leave => Either(leave.ErrorCode, First(leave.Members, static member => member.ErrorCode)),
        SyncGroupResponse sync => sync.ErrorCode,
        DescribeGroupsResponse groups => First(groups.Groups, static group => group.ErrorCode),
        ListGroupsResponse groups => groups.ErrorCode,
        CreateTopicsResponse created => First(created.Topics, static topic => topic.ErrorCode),
        DeleteTopicsResponse deleted => First(deleted.Responses, static topic => topic.ErrorCode),
        InitProducerIdResponse producer => producer.ErrorCode,
        DescribeConfigsResponse configs => First(configs.Results, static result => result.ErrorCode),
        DescribeClusterResponse cluster => cluster.ErrorCode,
        ApiVersionsResponse versions => versions.ErrorCode,
        _ => (short)ErrorCode.None,
    });

    private static short InOffsetFetch(OffsetFetchResponse fetch) => Either(
        Either(fetch.ErrorCode, First(fetch.Topics, static topic => First(topic.Partitions, static partition => partition.ErrorCode))),
        First(fetch.Groups, static group => Either(group.ErrorCode, First(group.Topics, static topic => First(topic.Partitions, static partition => partition.ErrorCode)))));

    private static short Either(short outer, short inner) => outer != (short)ErrorCode.None ? outer : inner;

    private static short First<T>(List<T> items, Func<T, short> errorOf)
    {
        foreach (T item in items)
        {
            if (errorOf(item) is var error and not (short)ErrorCode.None)
            {
                return error;
            }
        }

        return (short)ErrorCode.None;
    }
}
