using Broker.Actors.Requests;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>Every API in every version that is advertised: the request is read, the answer can be written and is whole.</summary>
public sealed class EveryVersionTests : IAsyncLifetime
{
    private const short OldestServedProduce = 3;

    private TestNode _node = null!;
    private Guid _topicId;

    public async Task InitializeAsync()
    {
        _node = await TestNode.StartAsync(("auto.create.topics.enable", "false"));
        await using TestClient client = _node.Connect();
        CreateTopicsResponse made = await client.CallAsync<CreateTopicsResponse>(
            new CreateTopicsRequest { Topics = [new() { Name = SampleRequests.Topic, NumPartitions = 1, ReplicationFactor = 1 }] }, 7);
        _topicId = made.Topics[0].TopicId;
        await client.CallAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { Key = "g" }, 3);
    }

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task Request_of_every_advertised_version_is_answered()
    {
        int calls = 0;
        List<string> problems = [];
        foreach (IRequestHandler handler in _node.System.Handlers.Handlers)
        {
            for (short version = handler.Versions.Lowest; version <= handler.Versions.Highest; version++)
            {
                if (handler.ApiKey == ApiKey.Produce && version < OldestServedProduce)
                {
                    continue;
                }

                foreach (IKafkaRequest request in SampleRequests.For(handler.ApiKey, version, _topicId))
                {
                    calls++;
                    await using TestClient client = _node.Connect();
                    try
                    {
                        await client.CallAsync<IKafkaResponse>(request, version);
                    }
                    catch (Exception cause) when (cause is EndOfStreamException or ProtocolException or OperationCanceledException)
                    {
                        problems.Add($"{handler.ApiKey} version {version}: {cause.Message}");
                    }
                }
            }
        }

        Assert.True(problems.Count == 0, string.Join('\n', problems.Distinct()));
        Assert.True(calls > 300, $"only {calls} calls");
        await AssertNothingIsHeldAsync();
    }

    [Fact]
    public async Task Unknown_version_of_api_versions_is_answered_in_version_0_with_the_supported_range()
    {
        await using TestClient client = _node.Connect();
        await client.SendBytesAsync(new byte[] { 0, 0, 0, 10, 0, 18, 0, 99, 0, 0, 0, 42, 0xff, 0xff });

        (int correlationId, byte[] frame) = Assert.NotNull(await client.ReceiveAsync());

        ApiVersionsResponse response = (ApiVersionsResponse)TestClient.Decode(ApiKey.ApiVersions, 0, frame);
        Assert.Equal((42, (short)ErrorCode.UnsupportedVersion), (correlationId, response.ErrorCode));
        Assert.Contains(response.ApiKeys, api => api.ApiKey == (short)ApiKey.ApiVersions && api.MaxVersion == 4);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 10, 3, 232, 0, 0, 0, 0, 0, 1, 0xff, 0xff })]
    [InlineData(new byte[] { 0, 0, 0, 10, 0, 3, 0, 99, 0, 0, 0, 1, 0xff, 0xff })]
    [InlineData(new byte[] { 0, 0, 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 3, 0, 3, 0 })]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 0x7f, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 0, 0, 0, 12, 0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff })]
    [InlineData(new byte[] { (byte)'G', (byte)'E', (byte)'T', (byte)' ', (byte)'/' })]
    public async Task Frame_that_is_no_request_of_ours_closes_the_connection_and_nothing_else(byte[] frame)
    {
        await using TestClient other = _node.Connect();
        await using (TestClient client = _node.Connect())
        {
            await client.SendBytesAsync(frame);
            Assert.Null(await client.ReceiveAsync());
        }

        await other.CallAsync<MetadataResponse>(new MetadataRequest { Topics = [] }, 12);
        await other.DisposeAsync();
        await AssertNothingIsHeldAsync();
    }

    [Fact]
    public async Task Produce_in_a_version_that_is_advertised_only_for_librdkafka_closes_the_connection()
    {
        await using TestClient client = _node.Connect();
        await client.SendBytesAsync(new byte[] { 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 });

        Assert.Null(await client.ReceiveAsync());
    }

    private Task AssertNothingIsHeldAsync() => Eventually.HoldsAsync(() => _node.System.Connections.Memory.ReservedBytes == 0 && _node.System.Connections.Limiter.Count == 0, "a closed connection holds memory");
}
