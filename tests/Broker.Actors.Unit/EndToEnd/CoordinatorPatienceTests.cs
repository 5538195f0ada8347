using Broker.Actors.Coordination;
using Broker.Actors.Requests;
using Broker.ObjectStore;
using Broker.TestSupport.Storage;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>Requests that change metadata while the store does not answer: clients get an error on which they try again, within their time, and keep their connection.</summary>
public sealed class CoordinatorPatienceTests : IAsyncLifetime
{
    private const int TimeoutMs = 1000;

    private TestNode _node = null!;
    private TestClient _client = null!;
    private volatile bool _hangs;

    public async Task InitializeAsync()
    {
        _node = await TestNode.StartAsync(new FaultyObjectStore(new InMemoryObjectStore(), (request, key, _) =>
            _hangs && request == StoreRequest.Put && key.Value.StartsWith("meta/log", StringComparison.Ordinal) ? Fault.Hang : Fault.None));
        _client = _node.Connect();
        Assert.Equal(ErrorCode.None, await CreateAsync("t"));
        _hangs = true;
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Changes_are_answered_REQUEST_TIMED_OUT_on_the_same_connection_when_the_store_hangs()
    {
        Assert.Equal(ErrorCode.RequestTimedOut, await CreateAsync("u"));

        DeleteTopicsResponse deleted = await _client.CallAsync<DeleteTopicsResponse>(new DeleteTopicsRequest { TimeoutMs = TimeoutMs, TopicNames = ["t"] }, 5);
        Assert.Equal((short)ErrorCode.RequestTimedOut, Assert.Single(deleted.Responses).ErrorCode);

        DeleteRecordsRequest trim = new() { TimeoutMs = TimeoutMs, Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, Offset = 0 }] }] };
        DeleteRecordsResponse trimmed = await _client.CallAsync<DeleteRecordsResponse>(trim, 2);
        Assert.Equal((short)ErrorCode.RequestTimedOut, Assert.Single(Assert.Single(trimmed.Topics).Partitions).ErrorCode);
    }

    [Theory]
    [InlineData(-1, 1_000)]
    [InlineData(0, 1_000)]
    [InlineData(5_000, 5_000)]
    [InlineData(int.MaxValue, 25_000)]
    public void Patience_is_the_clients_within_bounds(int timeoutMs, int patienceMs) =>
        Assert.Equal(TimeSpan.FromMilliseconds(patienceMs), CoordinatorCalls.PatienceFor(timeoutMs));

    [Fact]
    public void Clients_may_try_again_whether_a_change_failed_or_is_in_doubt()
    {
        Assert.Equal(ErrorCode.RequestTimedOut, new CommandFailed(StorageErrorKind.Unavailable, "", IsInDoubt: true).Error);
        Assert.Equal(ErrorCode.KafkaStorageError, new CommandFailed(StorageErrorKind.Unavailable, "").Error);
    }

    private async Task<ErrorCode> CreateAsync(string topic)
    {
        CreateTopicsRequest create = new() { timeoutMs = TimeoutMs, Topics = [new() { Name = topic, NumPartitions = 1, ReplicationFactor = 1 }] };
        return (ErrorCode)Assert.Single((await _client.CallAsync<CreateTopicsResponse>(create, 7)).Topics).ErrorCode;
    }
}
