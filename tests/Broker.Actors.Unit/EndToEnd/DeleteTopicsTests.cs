using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>DeleteTopics requests that leave open which topic is meant. The entries are Apache Kafka's.</summary>
public sealed class DeleteTopicsTests : IAsyncLifetime
{
    private static readonly Guid NoTopic = Guid.Parse("77777777-7777-7777-7777-777777777777");

    private TestNode _node = null!;
    private TestClient _client = null!;
    private Guid _id;

    public async Task InitializeAsync()
    {
        _node = await TestNode.StartAsync(("auto.create.topics.enable", "false"));
        _client = _node.Connect();
        CreateTopicsRequest create = new() { Topics = [new() { Name = "one", NumPartitions = 1, ReplicationFactor = 1 }, new() { Name = "two", NumPartitions = 1, ReplicationFactor = 1 }] };
        _id = (await _client.CallAsync<CreateTopicsResponse>(create, 7)).Topics[0].TopicId;
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Topic_is_kept_when_name_and_id_are_given()
    {
        Assert.Equal([("one", _id, ErrorCode.InvalidRequest)], await DeleteAsync(("one", _id)));
        Assert.Equal([("one", NoTopic, ErrorCode.InvalidRequest)], await DeleteAsync(("one", NoTopic)));
        Assert.True(await ExistsAsync("one"));
    }

    [Fact]
    public async Task Request_is_invalid_for_each_entry_without_name_and_id() => Assert.Equal(
        [(null, Guid.Empty, ErrorCode.InvalidRequest), (null, Guid.Empty, ErrorCode.InvalidRequest)],
        await DeleteAsync((null, Guid.Empty), (null, Guid.Empty)));

    [Fact]
    public async Task Topic_is_kept_and_answered_once_when_its_name_stands_twice()
    {
        Assert.Equal(
            [("one", Guid.Empty, ErrorCode.InvalidRequest), ("nope", Guid.Empty, ErrorCode.UnknownTopicOrPartition)],
            await DeleteAsync(("one", Guid.Empty), ("nope", Guid.Empty), ("one", Guid.Empty), ("one", Guid.Empty)));
        Assert.Equal([("nope", Guid.Empty, ErrorCode.InvalidRequest)], await DeleteAsync(("nope", Guid.Empty), ("nope", Guid.Empty)));
        Assert.True(await ExistsAsync("one"));
    }

    [Fact]
    public async Task Topic_is_kept_and_answered_once_when_its_id_stands_twice()
    {
        Assert.Equal([(null, _id, ErrorCode.InvalidRequest)], await DeleteAsync((null, _id), (null, _id)));
        Assert.Equal([("one", _id, ErrorCode.InvalidRequest)], await DeleteAsync((null, _id), ("one", Guid.Empty)));
        Assert.Equal([(null, NoTopic, ErrorCode.InvalidRequest)], await DeleteAsync((null, NoTopic), (null, NoTopic)));
        Assert.True(await ExistsAsync("one"));
    }

    [Fact]
    public async Task Older_versions_delete_the_others_when_a_name_stands_twice()
    {
        DeleteTopicsResponse response = await _client.CallAsync<DeleteTopicsResponse>(new DeleteTopicsRequest { TimeoutMs = 1000, TopicNames = ["one", "one", "two"] }, 5);

        Assert.Equal([("one", (short)ErrorCode.InvalidRequest), ("two", (short)ErrorCode.None)], response.Responses.Select(r => (r.Name, r.ErrorCode)));
        Assert.True(await ExistsAsync("one"));
        Assert.False(await ExistsAsync("two"));
    }

    private async Task<IEnumerable<(string? Name, Guid Id, ErrorCode Error)>> DeleteAsync(params (string? Name, Guid Id)[] topics)
    {
        DeleteTopicsRequest request = new() { TimeoutMs = 1000, Topics = [.. topics.Select(t => new DeleteTopicsRequest.DeleteTopicState { Name = t.Name, TopicId = t.Id })] };
        DeleteTopicsResponse response = await _client.CallAsync<DeleteTopicsResponse>(request, 6);
        Assert.All(response.Responses.Where(r => r.ErrorCode == (short)ErrorCode.InvalidRequest), r => Assert.False(string.IsNullOrEmpty(r.ErrorMessage)));
        return response.Responses.Select(r => (r.Name, r.TopicId, (ErrorCode)r.ErrorCode));
    }

    private async Task<bool> ExistsAsync(string name) =>
        (await _client.CallAsync<MetadataResponse>(new MetadataRequest { Topics = [new() { Name = name }] }, 12)).Topics[0].ErrorCode == (short)ErrorCode.None;
}
