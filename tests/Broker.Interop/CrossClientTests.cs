using Broker.Interop.Clients;

namespace Broker.Interop;

/// <summary>What one client wrote, another one reads: framings of codecs differ between clients.</summary>
[Collection(InteropCollection.Name)]
public sealed class CrossClientTests(InteropBroker broker)
{
    private static readonly string[] Codecs = ["none", "gzip", "snappy", "lz4", "zstd"];

    [SkippableFact]
    public async Task Every_client_reads_what_every_client_wrote_with_every_codec()
    {
        KafkaClient[] clients =
        [
            new KcatClient(broker.Bootstrap), ScriptClient.ConfluentPython(broker.Bootstrap),
            ScriptClient.KafkaPython(broker.Bootstrap), ScriptClient.KafkaJs(broker.Bootstrap),
        ];
        string topic = Names.Fresh("cross");
        await clients[1].CreateTopicAsync(topic, partitions: 1);
        List<SentRecord> sent = [];
        foreach (KafkaClient client in clients)
        {
            foreach (string codec in Codecs)
            {
                SentRecord[] records =
                    [.. Enumerable.Range(0, 20).Select(i => new SentRecord(0, $"{client.GetType().Name}-{codec}", $"value-{i}"))];
                await client.ProduceAsync(topic, records, codec);
                sent.AddRange(records);
            }
        }

        foreach (KafkaClient client in clients)
        {
            RecordAssert.Arrived(sent, await client.ConsumeAsync(topic, sent.Count));
        }
    }
}
