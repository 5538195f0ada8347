using System.Buffers;
using Broker.Actors.Unit.Fakes;
using Broker.Wire;
using Broker.Wire.Messages;
using Broker.Wire.Records;

namespace Broker.Actors.Unit.EndToEnd;

/// <summary>Compacted topics as clients make and use them; what is asserted, Apache Kafka 4.2 answers.</summary>
public sealed class CompactedTopicTests : IAsyncLifetime
{
    private TestNode _node = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _node = await TestNode.StartAsync();
        _client = _node.Connect();
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Record_without_a_key_fails_its_batch_and_is_named_from_version_8_on()
    {
        Guid id = (await CreateAsync("t", ("cleanup.policy", "compact"))).TopicId;
        for (short version = 3; version <= ProduceRequest.HighestVersion; version++)
        {
            ProduceResponse.PartitionProduceResponse refused = await ProduceAsync(version, id, "k", null, "l", null);

            Assert.Equal((version, ErrorCode.InvalidRecord, -1L, -1L), (version, (ErrorCode)refused.ErrorCode, refused.BaseOffset, refused.LogAppendTimeMs));
            Assert.Equal(version < 5 ? -1 : 0, refused.LogStartOffset);
            Assert.Equal(version < 8 ? [] : [1, 3], refused.RecordErrors.Select(error => error.BatchIndex));
            Assert.Equal(version < 8, refused.ErrorMessage is null);
        }

        // Nothing of the refused batches was kept.
        Assert.Equal((0, 0L), await OutcomeAsync(ProduceRequest.HighestVersion, id, "k"));
    }

    [Fact]
    public async Task Record_without_a_key_ends_a_connection_that_wants_no_answer()
    {
        Guid id = (await CreateAsync("t", ("cleanup.policy", "compact"))).TopicId;

        await _client.SendAsync(Request(0, id, [null]), 9);

        Assert.Null(await _client.ReceiveAsync());
    }

    [Theory]
    [InlineData("cleanup.policy", "")]
    [InlineData("cleanup.policy", "compact")]
    [InlineData("cleanup.policy", "compact,delete")]
    [InlineData("cleanup.policy", " delete , compact ")]
    [InlineData("cleanup.policy", "compact,compact")]
    [InlineData("min.cleanable.dirty.ratio", "0")]
    [InlineData("min.cleanable.dirty.ratio", "1")]
    [InlineData("min.cleanable.dirty.ratio", " 0.3 ")]
    [InlineData("min.compaction.lag.ms", "0")]
    [InlineData("max.compaction.lag.ms", "1")]
    [InlineData("delete.retention.ms", "0")]
    public async Task Setting_that_Kafka_takes_is_taken_as_it_was_given(string name, string value)
    {
        CreateTopicsResponse.CreatableTopicResult made = await CreateAsync("t", (name, value));

        Assert.Equal((short)ErrorCode.None, made.ErrorCode);
        Assert.Equal((value, 1), made.Configs!.Where(config => config.Name == name).Select(config => (config.Value, (int)config.ConfigSource)).Single());
    }

    [Theory]
    [InlineData("cleanup.policy", "compact,")]
    [InlineData("cleanup.policy", ",compact")]
    [InlineData("cleanup.policy", "compact,,delete")]
    [InlineData("cleanup.policy", "Compact")]
    [InlineData("cleanup.policy", "compact,foo")]
    [InlineData("min.cleanable.dirty.ratio", "-0.1")]
    [InlineData("min.cleanable.dirty.ratio", "1.1")]
    [InlineData("min.cleanable.dirty.ratio", "x")]
    [InlineData("min.compaction.lag.ms", "-1")]
    [InlineData("max.compaction.lag.ms", "0")]
    [InlineData("delete.retention.ms", "-1")]
    public async Task Setting_that_Kafka_refuses_is_refused(string name, string value) =>
        Assert.Equal((short)ErrorCode.InvalidConfig, (await CreateAsync("t", (name, value))).ErrorCode);

    [Fact]
    public async Task Lags_that_contradict_each_other_are_refused()
    {
        Assert.Equal((short)ErrorCode.InvalidConfig, (await CreateAsync("t", ("min.compaction.lag.ms", "10"), ("max.compaction.lag.ms", "9"))).ErrorCode);
        Assert.Equal((short)ErrorCode.None, (await CreateAsync("t", ("min.compaction.lag.ms", "10"), ("max.compaction.lag.ms", "10"))).ErrorCode);
    }

    [Fact]
    public async Task Brokers_policy_is_that_of_topics_without_their_own()
    {
        await using TestNode node = await TestNode.StartAsync(("log.cleanup.policy", "compact"));
        await using TestClient client = node.Connect();
        CreateTopicsRequest create = new() { Topics = [new() { Name = "c", NumPartitions = 1, ReplicationFactor = 1 }, new() { Name = "d", NumPartitions = 1, ReplicationFactor = 1, Configs = [new() { Name = "cleanup.policy", Value = "delete" }] }] };
        CreateTopicsResponse made = await client.CallAsync<CreateTopicsResponse>(create, 7);

        ErrorCode[] outcomes = [.. await Task.WhenAll(made.Topics.Select(async topic =>
        {
            await using TestClient producer = node.Connect();
            return (ErrorCode)(await producer.CallAsync<ProduceResponse>(Request(-1, topic.TopicId, [null]), 13)).Responses[0].PartitionResponses[0].ErrorCode;
        }))];

        Assert.Equal([ErrorCode.InvalidRecord, ErrorCode.None], outcomes);
    }

    private async Task<CreateTopicsResponse.CreatableTopicResult> CreateAsync(string topic, params (string Name, string Value)[] configs)
    {
        CreateTopicsRequest request = new()
        {
            Topics = [new() { Name = topic, NumPartitions = 1, ReplicationFactor = 1, Configs = [.. configs.Select(config => new CreateTopicsRequest.CreatableTopicConfig { Name = config.Name, Value = config.Value })] }],
        };
        return (await _client.CallAsync<CreateTopicsResponse>(request, 7)).Topics[0];
    }

    private async Task<(short Error, long BaseOffset)> OutcomeAsync(short version, Guid topicId, params string?[] keys)
    {
        ProduceResponse.PartitionProduceResponse answer = await ProduceAsync(version, topicId, keys);
        return (answer.ErrorCode, answer.BaseOffset);
    }

    private async Task<ProduceResponse.PartitionProduceResponse> ProduceAsync(short version, Guid topicId, params string?[] keys) =>
        (await _client.CallAsync<ProduceResponse>(Request(-1, topicId, keys), version)).Responses[0].PartitionResponses[0];

    private static ProduceRequest Request(short acks, Guid topicId, string?[] keys)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions());
        foreach (string? key in keys)
        {
            builder.Append(TestBatches.TimestampMs, key is null ? default(ReadOnlyMemory<byte>?) : System.Text.Encoding.UTF8.GetBytes(key), new byte[10]);
        }

        return new ProduceRequest
        {
            Acks = acks,
            TimeoutMs = 10_000,
            TopicData = [new() { Name = "t", TopicId = topicId, PartitionData = [new() { Index = 0, Records = new ReadOnlySequence<byte>(builder.ToArray()) }] }],
        };
    }
}
