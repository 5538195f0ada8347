using Broker.Interop.Clients;

namespace Broker.Interop;

/// <summary>kcat 1.7 of Debian: all codecs, no admin API, no idempotent producer by default.</summary>
public sealed class KcatTests(InteropBroker broker) : ClientMatrix(broker)
{
    protected override KafkaClient Connect(string bootstrap) => new KcatClient(bootstrap);
}

/// <summary>confluent-kafka-python of Debian on librdkafka 2.0: all codecs.</summary>
public sealed class ConfluentPythonTests(InteropBroker broker) : ClientMatrix(broker)
{
    [SkippableFact]
    public async Task Idempotent_producer_is_served()
    {
        ScriptClient client = ScriptClient.ConfluentPython(Bootstrap);
        string topic = await NewTopicAsync(client, partitions: 2);
        SentRecord[] sent = Numbered(2_000, partitions: 2);

        await client.ProduceIdempotentlyAsync(topic, sent);

        RecordAssert.Arrived(sent, await client.ConsumeAsync(topic, sent.Length));
    }

    protected override KafkaClient Connect(string bootstrap) => ScriptClient.ConfluentPython(bootstrap);
}

/// <summary>kafka-python 2.0 of Debian: all codecs, no idempotent producer.</summary>
public sealed class KafkaPythonTests(InteropBroker broker) : ClientMatrix(broker)
{
    /// <summary>The library refuses such a record.</summary>
    protected override bool SendsRecordsOfNothing => false;

    protected override KafkaClient Connect(string bootstrap) => ScriptClient.KafkaPython(bootstrap);
}

/// <summary>kafkajs 2.2: gzip of its own, snappy, lz4 and zstd by codecs in JavaScript from npm.</summary>
public sealed class KafkaJsTests(InteropBroker broker) : ClientMatrix(broker)
{
    [SkippableFact]
    public async Task Idempotent_producer_is_served()
    {
        ScriptClient client = ScriptClient.KafkaJs(Bootstrap);
        string topic = await NewTopicAsync(client, partitions: 2);
        SentRecord[] sent = Numbered(2_000, partitions: 2);

        await client.ProduceIdempotentlyAsync(topic, sent);

        RecordAssert.Arrived(sent, await client.ConsumeAsync(topic, sent.Length));
    }

    protected override KafkaClient Connect(string bootstrap) => ScriptClient.KafkaJs(bootstrap);
}
