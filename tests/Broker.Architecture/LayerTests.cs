using System.Reflection;
using System.Xml.Linq;
using Broker.TestSupport;

namespace Broker.Architecture;

/// <summary>Who may know of whom.</summary>
public sealed class LayerTests
{
    [Theory]
    [InlineData("Broker.Wire")]
    [InlineData("Broker.ObjectStore")]
    public void Lowest_layers_reference_nothing_of_ours(string assembly) =>
        Assert.DoesNotContain(References(assembly), name => name.StartsWith("Broker.", StringComparison.Ordinal) || name.StartsWith("Akka", StringComparison.Ordinal));

    [Theory]
    [InlineData("Broker.Actors", "Broker.ObjectStore", "Broker.Wire")]
    [InlineData("Broker.Node", "Broker.Actors", "Broker.ObjectStore", "Broker.Wire")]
    public void Upper_layers_reference_only_what_lies_below(string assembly, params string[] below) =>
        Assert.Subset(below.ToHashSet(), References(assembly).Where(name => name.StartsWith("Broker.", StringComparison.Ordinal)).ToHashSet());

    [Fact]
    public void Bundled_akka_knows_nothing_of_the_broker()
    {
        foreach (string project in Directory.EnumerateFiles(Path.Combine(RepoRoot.Path, "akka"), "*.csproj", SearchOption.AllDirectories))
        {
            IEnumerable<string> referenced = XDocument.Load(project).Descendants("ProjectReference").Select(reference => reference.Attribute("Include")!.Value);
            Assert.All(referenced, path => Assert.DoesNotContain("src/", path, StringComparison.Ordinal));
        }

        Assert.All(SourceTree.Files("akka"), path => Assert.DoesNotContain("using Broker.", SourceTree.Read(path), StringComparison.Ordinal));
    }

    // DESIGN: broker code is Akka.NET code, whichever of the two builds it runs on.
    [Fact]
    public void Broker_code_does_not_ask_which_akka_it_runs_on() => Assert.All(
        SourceTree.Files("src"),
        path => Assert.DoesNotContain("AKKA", string.Join('\n', SourceTree.Read(path).Split('\n').Where(line => line.StartsWith("#if", StringComparison.Ordinal))), StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<string> References(string assembly) =>
        Assembly.Load(assembly).GetReferencedAssemblies().Select(name => name.Name!);
}
