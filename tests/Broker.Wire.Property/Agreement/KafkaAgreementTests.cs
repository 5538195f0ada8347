using Broker.Wire.Compression;
using Broker.Wire.Generator.Schema;
using Broker.Wire.Records;
using Xunit.Abstractions;

namespace Broker.Wire.Property.Agreement;

/// <summary>What we write, Apache Kafka's own classes read, and write again to the same bytes.</summary>
public class KafkaAgreementTests(ITestOutputHelper output)
{
    private const int RoundsPerVersion = 5;

    private static readonly Dictionary<string, string> Classes = new()
    {
        ["RequestHeader"] = "org.apache.kafka.common.message.RequestHeaderData",
        ["ResponseHeader"] = "org.apache.kafka.common.message.ResponseHeaderData",
        ["ConsumerProtocolSubscription"] = "org.apache.kafka.common.message.ConsumerProtocolSubscription",
        ["ConsumerProtocolAssignment"] = "org.apache.kafka.common.message.ConsumerProtocolAssignment",
        ["EndTxnMarker"] = "org.apache.kafka.common.message.EndTxnMarker",
        ["OffsetCommitValue"] = "org.apache.kafka.coordinator.group.generated.OffsetCommitValue",
        ["GroupMetadataValue"] = "org.apache.kafka.coordinator.group.generated.GroupMetadataValue",
        ["TransactionLogKey"] = "org.apache.kafka.coordinator.transaction.generated.TransactionLogKey",
        ["TransactionLogValue"] = "org.apache.kafka.coordinator.transaction.generated.TransactionLogValue",
    };

    [SkippableFact]
    public void Every_message_and_version_is_read_by_Kafka_and_written_again_to_the_same_bytes()
    {
        RandomMessage messages = new(new Random(Seed.Print(output)));
        List<string> lines = [];
        List<string> names = [];
        foreach (CatalogEntry entry in MessageCatalog.All)
        {
            foreach (short version in entry.Versions)
            {
                for (int round = 0; round < RoundsPerVersion && KindOf(entry.Definition) is string kind; round++)
                {
                    lines.Add($"{kind} {version} {Convert.ToHexStringLower(Wire.Write(messages.Create(entry, version), version))}");
                    names.Add($"{entry.Definition.Name} version {version}");
                }
            }
        }

        string[] answers = KafkaClasses.Run(lines);
        Assert.Equal(lines.Count, answers.Length);
        for (int i = 0; i < lines.Count; i++)
        {
            string written = lines[i].Split(' ')[3];
            Assert.True(written == answers[i], $"{names[i]}:\nours   {written}\nKafka  {answers[i]}");
        }

        output.WriteLine($"{lines.Count} messages agree");
    }

    [SkippableFact]
    public void Batches_of_every_codec_are_read_by_Kafka()
    {
        Random random = new(Seed.Print(output));
        List<string> lines = [];
        List<string> expected = [];
        foreach (CompressionType codec in Enum.GetValues<CompressionType>())
        {
            foreach (int valueBytes in new[] { 0, 10, 1000, 200_000 })
            {
                byte[] value = new byte[valueBytes];
                random.NextBytes(value.AsSpan(0, valueBytes / 4));
                using RecordBatchBuilder builder = new(new RecordBatchOptions { Compression = codec, BaseOffset = 5 });
                builder.Append(1000, new byte[] { 1, 2 }, value, [new RecordHeader("h", new byte[] { 3 }), new RecordHeader("n", null)]);
                builder.Append(900, null, null);
                lines.Add($"batch - 0 {Convert.ToHexStringLower(builder.ToArray())}");
                expected.Add($"5,1000,0102,{Convert.ToHexStringLower(value)},h=03,n=null;6,900,null,null;");
            }
        }

        Assert.Equal(expected, KafkaClasses.Run(lines));
    }

    private static string? KindOf(MessageDefinition message) => message.Role switch
    {
        MessageRole.Request => $"request {message.ApiKey}",
        MessageRole.Response => $"response {message.ApiKey}",
        _ => Classes.TryGetValue(message.Name, out string? name) ? $"data {name}" : null,
    };
}
