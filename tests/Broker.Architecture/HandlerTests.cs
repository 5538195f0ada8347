using Broker.Actors.Requests;
using Broker.TestSupport;
using Broker.Wire;

namespace Broker.Architecture;

/// <summary>Each API is served by one handler, in a file of its own, and only in versions that exist.</summary>
public sealed class HandlerTests
{
    private static readonly Type[] HandlerTypes =
        [.. typeof(IRequestHandler).Assembly.GetTypes().Where(type => type.IsClass && !type.IsAbstract && type.IsAssignableTo(typeof(IRequestHandler)))];

    [Fact]
    public void Every_handler_is_in_the_table()
    {
        HandlerTable table = Handlers.CreateTable(null!, null!);

        Assert.Equal(HandlerTypes.Select(type => type.Name).Order(), table.Handlers.Select(handler => handler.GetType().Name).Order());
    }

    [Fact]
    public void Every_handler_has_a_file_that_is_named_after_its_api() => Assert.All(
        Handlers.CreateTable(null!, null!).Handlers,
        handler =>
        {
            Assert.Equal($"{handler.ApiKey}Handler", handler.GetType().Name);
            Assert.True(File.Exists(Path.Combine(RepoRoot.Path, "src", "Broker.Actors", "Requests", $"{handler.ApiKey}Handler.cs")));
        });

    [Fact]
    public void Only_versions_of_the_schema_are_advertised() => Assert.All(
        Handlers.CreateTable(null!, null!).Handlers,
        handler =>
        {
            Assert.True(ApiCatalog.TryGet(handler.ApiKey, out ApiVersionRange known));
            // Produce is advertised from 0 on, and refused below what the schema has: librdkafka compresses only then.
            short lowest = handler.ApiKey == ApiKey.Produce ? (short)0 : known.Lowest;
            Assert.True(handler.Versions.Lowest >= lowest && handler.Versions.Highest <= known.Highest, $"{handler.ApiKey} {handler.Versions}");
        });

    [Theory]
    [InlineData("Produce,Fetch,ListOffsets,Metadata,OffsetCommit,OffsetFetch,FindCoordinator,JoinGroup,Heartbeat,LeaveGroup,SyncGroup,DescribeGroups,ListGroups,ApiVersions,CreateTopics,DeleteTopics,DeleteRecords,InitProducerId,DescribeConfigs,DescribeCluster")]
    public void The_apis_that_clients_need_are_served(string apis) => Assert.Subset(
        Handlers.CreateTable(null!, null!).Handlers.Select(handler => handler.ApiKey.ToString()).ToHashSet(),
        apis.Split(',').ToHashSet());
}
