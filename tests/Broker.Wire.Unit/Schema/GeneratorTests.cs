using Broker.TestSupport;
using Broker.Wire.Generator;
using Broker.Wire.Generator.Schema;

namespace Broker.Wire.Unit.Schema;

public class GeneratorTests
{
    [Fact]
    public void Generated_files_are_current()
    {
        IReadOnlyDictionary<string, string> expected = WireGenerator.Generate(WireGenerator.ReadSchema(Path.Combine(RepoRoot.Path, "schema")));
        string folder = Path.Combine(RepoRoot.Path, "src", "Broker.Wire", "Messages");
        Dictionary<string, string> actual = Directory.GetFiles(folder, "*.cs").ToDictionary(path => Path.GetFileName(path), File.ReadAllText);
        IEnumerable<string> differing = expected.Keys.Union(actual.Keys)
            .Where(name => expected.GetValueOrDefault(name) != actual.GetValueOrDefault(name));
        Assert.True(!differing.Any(), $"schema/ and src/Broker.Wire/Messages differ; run 'make gen'. Files: {string.Join(", ", differing)}");
    }

    [Theory]
    [InlineData("api 1 X\nversions 0\n", "x.txt: ends too early")]
    [InlineData("thing X\nversions 0\nflexible none\n{ }", "x.txt:1: at 'thing'")]
    [InlineData("record X\nversions a\nflexible none\n{ }", "x.txt:2: at 'a'")]
    [InlineData("record X\nversions 0\nflexible none\n{\n  A int32 nullable\n}", "x.txt:6: at '}': expected 'since'")]
    [InlineData("record X\nversions 0\nflexible none\n{\n  A S { }\n  B S { }\n}", "is defined twice")]
    public void Schema_error_says_where_it_is(string text, string expected)
    {
        SchemaException problem = Assert.Throws<SchemaException>(() => SchemaParser.Parse("x.txt", text));
        Assert.Contains(expected, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("A int32?", "cannot be null")]
    [InlineData("A string = null", "defaults to null")]
    [InlineData("A int32\n A int32", "is there twice")]
    [InlineData("A int32 tag 0", "not flexible")]
    [InlineData("A Missing", "no struct 'Missing'")]
    [InlineData("Read int32", "uses itself")]
    public void Schema_that_cannot_be_generated_is_refused(string fields, string expected)
    {
        MessageDefinition message = Assert.Single(SchemaParser.Parse("x.txt", $"record X\nversions 0-3\nflexible none\n{{\n{fields}\n}}"));
        SchemaException problem = Assert.Throws<SchemaException>(() => SchemaValidator.Validate(message));
        Assert.Contains(expected, problem.Message, StringComparison.Ordinal);
    }
}
