using Broker.Interop.Clients;

namespace Broker.Interop;

/// <summary>What every client must be able to do with the broker; each client's tests derive from this.</summary>
[Collection(InteropCollection.Name)]
public abstract class ClientMatrix(InteropBroker broker)
{
    protected string Bootstrap { get; } = broker.Bootstrap;

    /// <summary>Whether the client sends a record with neither key nor value.</summary>
    protected virtual bool SendsRecordsOfNothing => true;

    [SkippableFact]
    public async Task Produce_creates_the_topic_when_there_is_none()
    {
        KafkaClient client = Connect(Bootstrap);
        string topic = Names.Fresh("auto");
        SentRecord[] sent = Numbered(10, partitions: 1);

        await client.ProduceAsync(topic, sent);

        RecordAssert.Arrived(sent, await client.ConsumeAsync(topic, sent.Length));
    }

    [SkippableTheory]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public async Task Produced_records_come_back_as_sent_when_compressed_by(string codec)
    {
        KafkaClient client = Connect(Bootstrap);
        string topic = await NewTopicAsync(client, partitions: 2);
        SentRecord[] sent = Numbered(500, partitions: 2);

        await client.ProduceAsync(topic, sent, codec);

        RecordAssert.Arrived(sent, await client.ConsumeAsync(topic, sent.Length));
    }

    [SkippableFact]
    public async Task Group_resumes_after_what_it_committed()
    {
        KafkaClient client = Connect(Bootstrap);
        string topic = await NewTopicAsync(client, partitions: 1);
        string group = Names.Fresh("group");
        SentRecord[] sent = Numbered(100, partitions: 1);
        await client.ProduceAsync(topic, sent);

        IReadOnlyList<ReceivedRecord> first = await client.ConsumeAsGroupAsync(topic, group, 60);
        IReadOnlyList<ReceivedRecord> rest = await client.ConsumeAsGroupAsync(topic, group, 40);

        RecordAssert.Arrived(sent[..60], first);
        RecordAssert.Arrived(sent[60..], rest);
    }

    [SkippableFact]
    public async Task Second_group_reads_all_again()
    {
        KafkaClient client = Connect(Bootstrap);
        string topic = await NewTopicAsync(client, partitions: 3);
        SentRecord[] sent = Numbered(90, partitions: 3);
        await client.ProduceAsync(topic, sent);

        IReadOnlyList<ReceivedRecord> first = await client.ConsumeAsGroupAsync(topic, Names.Fresh("group"), sent.Length);
        IReadOnlyList<ReceivedRecord> second = await client.ConsumeAsGroupAsync(topic, Names.Fresh("group"), sent.Length);

        RecordAssert.Arrived(sent, first);
        RecordAssert.Arrived(sent, second);
    }

    [SkippableFact]
    public async Task Seek_by_timestamp_starts_at_the_first_later_record()
    {
        KafkaClient client = Connect(Bootstrap);
        string topic = await NewTopicAsync(client, partitions: 2);
        SentRecord[] earlier = Numbered(20, partitions: 2);
        SentRecord[] later = Numbered(20, partitions: 2, prefix: "later");
        await client.ProduceAsync(topic, earlier);
        long sinceMs = (await client.ConsumeAsync(topic, earlier.Length)).Max(record => record.Timestamp) + 1;
        while (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() < sinceMs)
        {
            await Task.Yield();
        }

        await client.ProduceAsync(topic, later);

        RecordAssert.Arrived(later, await client.ConsumeSinceAsync(topic, sinceMs, later.Length));
    }

    [SkippableFact]
    public async Task Two_members_share_the_partitions_and_see_each_record_once()
    {
        const int Partitions = 4;
        KafkaClient client = Connect(Bootstrap);
        string topic = await NewTopicAsync(client, Partitions);
        string group = Names.Fresh("group");
        SentRecord[] sent = Numbered(400, Partitions);

        await using GroupMember first = client.Join(topic, group);
        await first.WaitForPartitionsAsync(Partitions);
        await using GroupMember second = client.Join(topic, group);
        await second.WaitForPartitionsAsync(Partitions / 2);
        await first.WaitForPartitionsAsync(Partitions / 2);
        await client.ProduceAsync(topic, sent);
        await first.WaitForRecordsAsync(sent.Length / 2);
        await second.WaitForRecordsAsync(sent.Length / 2);
        Assert.Equal(Enumerable.Range(0, Partitions), first.Assigned!.Concat(second.Assigned!).Order());
        await second.LeaveAsync();
        await first.WaitForPartitionsAsync(Partitions);
        await first.LeaveAsync();

        RecordAssert.Arrived(sent, [.. first.Received, .. second.Received]);
    }

    [SkippableFact]
    public async Task Records_of_one_megabyte_arrive_whole()
    {
        KafkaClient client = Connect(Bootstrap);
        string topic = await NewTopicAsync(client, partitions: 1);
        SentRecord[] sent = [.. Enumerable.Range(0, 3).Select(i => new SentRecord(0, $"{i}", Text(1_000_000, seed: i)))];

        await client.ProduceAsync(topic, sent);

        RecordAssert.Arrived(sent, await client.ConsumeAsync(topic, sent.Length));
    }

    [SkippableFact]
    public async Task Headers_arrive_in_order()
    {
        KafkaClient client = Connect(Bootstrap);
        string topic = await NewTopicAsync(client, partitions: 1);
        SentRecord[] sent =
        [
            new(0, "none", "1"),
            new(0, "one", "2", [["trace", "a-1"]]),
            new(0, "several", "3", [["z", "1"], ["a", "2"], ["grüße", "wörld"]]),
        ];

        await client.ProduceAsync(topic, sent);

        RecordAssert.Arrived(sent, await client.ConsumeAsync(topic, sent.Length));
    }

    [SkippableFact]
    public async Task Null_keys_and_values_stay_null()
    {
        KafkaClient client = Connect(Bootstrap);
        string topic = await NewTopicAsync(client, partitions: 1);
        SentRecord[] sent = [new(0, null, "value"), new(0, "key", null), new(0, "key", "value")];
        sent = SendsRecordsOfNothing ? [.. sent, new(0, null, null)] : sent;

        await client.ProduceAsync(topic, sent);

        RecordAssert.Arrived(sent, await client.ConsumeAsync(topic, sent.Length));
    }

    [SkippableFact]
    public async Task Ten_thousand_records_keep_their_order_in_each_partition()
    {
        KafkaClient client = Connect(Bootstrap);
        string topic = await NewTopicAsync(client, partitions: 4);
        SentRecord[] sent = Numbered(10_000, partitions: 4);

        await client.ProduceAsync(topic, sent);

        RecordAssert.Arrived(sent, await client.ConsumeAsync(topic, sent.Length));
    }

    /// <summary>The client under test; skips the test where it is not installed.</summary>
    protected abstract KafkaClient Connect(string bootstrap);

    protected static SentRecord[] Numbered(int count, int partitions, string prefix = "value") =>
        [.. Enumerable.Range(0, count).Select(i => new SentRecord(i % partitions, $"key-{i}", $"{prefix}-{i}"))];

    protected static async Task<string> NewTopicAsync(KafkaClient client, int partitions)
    {
        string topic = Names.Fresh("matrix");
        await client.CreateTopicAsync(topic, partitions);
        return topic;
    }

    /// <summary>Letters that no codec shrinks by much, and that no line protocol has to escape.</summary>
    private static string Text(int length, int seed)
    {
        Random random = new(seed);
        return string.Create(length, random, static (span, random) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = (char)('a' + random.Next(26));
            }
        });
    }
}
