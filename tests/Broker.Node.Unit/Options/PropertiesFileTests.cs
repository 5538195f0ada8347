using Broker.Actors.Configuration;
using Broker.Node.Options;
using Broker.TestSupport.Brokers;

namespace Broker.Node.Unit.Options;

/// <summary>Java's .properties syntax.</summary>
public sealed class PropertiesFileTests
{
    [Theory]
    [InlineData("a=b", "a", "b")]
    [InlineData("a = b ", "a", "b")]
    [InlineData("a:b", "a", "b")]
    [InlineData("a : b", "a", "b")]
    [InlineData("a b", "a", "b")]
    [InlineData("\t a\tb", "a", "b")]
    [InlineData("a", "a", "")]
    [InlineData("a=", "a", "")]
    [InlineData("a=b=c:d", "a", "b=c:d")]
    [InlineData("listeners=PLAINTEXT://:9092", "listeners", "PLAINTEXT://:9092")]
    [InlineData(@"a\=b=c", "a=b", "c")]
    [InlineData(@"a=\u0041\t\\x", "a", "A\t\\x")]
    [InlineData("a=b\\\n   c", "a", "bc")]
    [InlineData("a=b\\\\", "a", "b\\")]
    [InlineData("a=b # not a comment", "a", "b # not a comment")]
    public void Line_becomes_name_and_value(string text, string name, string value)
    {
        GivenSetting setting = Assert.Single(PropertiesFile.Parse(text, "file"));

        Assert.Equal((name, value), (setting.Name, setting.Value));
    }

    [Fact]
    public void Comments_and_blank_lines_are_no_settings() =>
        Assert.Empty(PropertiesFile.Parse("# a=b\n  ! c=d\n\n   \n#\\\n", "file"));

    [Fact]
    public void Setting_knows_its_line()
    {
        IReadOnlyList<GivenSetting> settings = PropertiesFile.Parse("# one\na=1\r\n\nb=2", "server.properties");

        Assert.Equal(["server.properties:2", "server.properties:4"], settings.Select(s => s.Place));
    }

    [Fact]
    public void File_that_is_not_there_is_named()
    {
        using TempFolder folder = new("properties");
        string path = Path.Combine(folder.Path, "missing.properties");

        SettingsException cause = Assert.Throws<SettingsException>(() => PropertiesFile.Read(path));

        Assert.Contains(path, cause.Message, StringComparison.Ordinal);
    }
}
