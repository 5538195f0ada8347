using Akka.Actor;

namespace Broker.Actors.Requests;

/// <summary>The APIs of this broker.</summary>
public static class Handlers
{
    /// <summary>All handlers, in one table that also advertises itself.</summary>
    public static HandlerTable CreateTable(BrokerServices services, IScheduler scheduler)
    {
        ApiVersionsHandler apiVersions = new();
        HandlerTable table = new(
        [
            apiVersions,
            new ProduceHandler(services),
            new FetchHandler(services, scheduler),
            new ListOffsetsHandler(services),
            new MetadataHandler(services),
            new OffsetCommitHandler(services),
            new OffsetFetchHandler(services),
            new FindCoordinatorHandler(services),
            new JoinGroupHandler(services),
            new HeartbeatHandler(services),
            new LeaveGroupHandler(services),
            new SyncGroupHandler(services),
            new DescribeGroupsHandler(services),
            new ListGroupsHandler(services),
            new CreateTopicsHandler(services),
            new DeleteTopicsHandler(services),
            new DeleteRecordsHandler(services),
            new InitProducerIdHandler(services),
            new DescribeConfigsHandler(services),
            new DescribeClusterHandler(services),
        ]);
        apiVersions.Advertise(table);
        return table;
    }
}
