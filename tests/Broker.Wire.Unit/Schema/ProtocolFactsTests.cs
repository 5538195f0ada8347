using Broker.TestSupport;
using Broker.Wire.Generator;
using Broker.Wire.Generator.Schema;

namespace Broker.Wire.Unit.Schema;

public class ProtocolFactsTests
{
    /// <summary>Messages of internal topics, which a list of the wire's messages does not have.</summary>
    private static readonly string[] NotOnTheWire =
    [
        "ControlRecordKey", "GroupMetadataKey", "GroupMetadataValue", "OffsetCommitKey", "OffsetCommitValue",
        "TransactionLogKey", "TransactionLogValue",
    ];

    [SkippableFact]
    public void Schema_agrees_with_the_facts_field_by_field()
    {
        string path = Path.Combine(Requirement.OptionalFolder("KAFKA_PROTOCOL_FACTS"), "messages.txt");
        Dictionary<string, List<string>> facts = ProtocolFacts.Parse(path);
        MessageDefinition[] messages =
        [
            .. WireGenerator.ReadSchema(Path.Combine(RepoRoot.Path, "schema")).Where(message => !NotOnTheWire.Contains(message.Name)),
        ];
        Assert.Equal(131, messages.Length);
        foreach (MessageDefinition message in messages)
        {
            Assert.Equal(facts[message.Name], ProtocolFacts.Describe(message));
        }
    }

    [SkippableFact]
    public void Error_codes_agree_with_the_facts()
    {
        string path = Path.Combine(Requirement.OptionalFolder("KAFKA_PROTOCOL_FACTS"), "error-codes.txt");
        string[] expected = [.. File.ReadLines(path).Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant())];
        string[] actual = [.. Enum.GetValues<ErrorCode>().OrderBy(code => (short)code).Select(code => $"{(short)code} {code}".ToUpperInvariant())];
        Assert.Equal(expected, actual);
    }
}
