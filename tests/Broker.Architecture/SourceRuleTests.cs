using System.Globalization;
using System.Text.RegularExpressions;
using Broker.TestSupport;

namespace Broker.Architecture;

/// <summary>Rules of the sources that no compiler checks.</summary>
public sealed partial class SourceRuleTests
{
    private const int MaxLines = 400;

    private static readonly Dictionary<string, string> LongForAReason = new()
    {
        ["akka/Akka.Streams/Implementation/Stages/SimpleStages.cs"] = "many small operators, each a class of a few lines",
        ["tests/Broker.ObjectStore.Contract/Stores/ObjectStoreContract.cs"] = "one contract, read from top to bottom",
    };

    private static readonly string[] Ours = ["src", "tools", "tests", "bench"];

    [Fact]
    public void No_file_is_longer_than_its_reader_has_patience_for() => Assert.Empty(
        Ours.Append("akka").Where(folder => Directory.Exists(Path.Combine(RepoRoot.Path, folder)))
            .SelectMany(folder => SourceTree.Files(folder))
            .Select(path => (Path: path, Lines: SourceTree.Read(path).Count(c => c == '\n')))
            .Where(file => file.Lines > MaxLines && !LongForAReason.ContainsKey(file.Path))
            .Select(file => $"{file.Path}: {file.Lines} lines"));

    [Fact]
    public void Nothing_blocks_on_tasks_or_hides_them() => Assert.Empty(
        SourceTree.Files("src").SelectMany(path => SourceTree.Read(path).Split('\n')
            .Select((line, i) => (line, Place: $"{path}:{i + 1}"))
            .Where(one => !one.line.TrimStart().StartsWith("//", StringComparison.Ordinal) && Forbidden().IsMatch(one.line))
            .Select(one => $"{one.Place}: {one.line.Trim()}")));

    [Fact]
    public void Nothing_is_marked_as_unfinished() => Assert.DoesNotContain(
        SourceTree.Files("src", "tools"), path => Unfinished().IsMatch(SourceTree.Read(path)));

    [Fact]
    public void Every_public_type_says_what_it_means() => Assert.Empty(
        SourceTree.Files("src").SelectMany(path =>
        {
            string[] lines = SourceTree.Read(path).Split('\n');
            return lines.Select((line, i) => (line, i))
                .Where(one => PublicType().IsMatch(one.line) && !IsDocumented(lines, one.i) && !IsPartialOfAnother(path, one.line))
                .Select(one => $"{path}:{one.i + 1}: {one.line.Trim()}");
        }));

    // Messages between actors stand beside each other in one file, where the first says what the next means.
    private static bool IsDocumented(string[] lines, int declaration)
    {
        int i = declaration - 1;
        while (i >= 0 && lines[i].TrimStart().StartsWith('['))
        {
            i--;
        }

        return i >= 0 && lines[i].TrimStart().StartsWith("///", StringComparison.Ordinal);
    }

    private static bool IsPartialOfAnother(string path, string line) =>
        line.Contains(" partial ", StringComparison.Ordinal) && Path.GetFileNameWithoutExtension(path).Contains('.');

    [Fact]
    public void Every_numbered_invariant_is_cited_by_a_test()
    {
        string tests = string.Join('\n', SourceTree.Files("tests").Where(path => !path.Contains("Broker.Architecture", StringComparison.Ordinal)).Select(SourceTree.Read));
        List<string> missing = [];
        foreach (string path in SourceTree.Files("src"))
        {
            foreach (Match stated in StatedInvariant().Matches(SourceTree.Read(path)))
            {
                string number = stated.Groups["number"].Value;
                if (!Regex.IsMatch(tests, $@"(?<![A-Za-z0-9]){number}(?![A-Za-z0-9])"))
                {
                    missing.Add($"{number} of {path}");
                }
            }
        }

        Assert.Empty(missing);
    }

    [Fact]
    public void Every_file_that_states_invariants_is_in_the_architecture_with_their_numbers()
    {
        string[] rows = [.. SourceTree.Read("ARCHITECTURE.md").Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal))];
        List<string> missing = [];
        foreach (string path in SourceTree.Files("src"))
        {
            foreach (IGrouping<char, int> numbers in StatedInvariant().Matches(SourceTree.Read(path)).Select(match => match.Groups["number"].Value)
                .GroupBy(number => number[0], number => int.Parse(number.AsSpan(1), CultureInfo.InvariantCulture)))
            {
                string range = $"{numbers.Key}{numbers.Min()}–{numbers.Key}{numbers.Max()}";
                string place = string.Join('/', path.Split(Path.DirectorySeparatorChar)[^2..])[..^".cs".Length];
                if (!rows.Any(row => row.Contains(range, StringComparison.Ordinal) && row.Contains(place + '`', StringComparison.Ordinal)))
                {
                    missing.Add($"{range} of {path}");
                }
            }
        }

        Assert.Empty(missing);
    }

    [Fact]
    public void Every_log_line_has_an_id_and_a_name_of_its_own()
    {
        Match[] lines = [.. SourceTree.Files("src").SelectMany(path => LogLine().Matches(SourceTree.Read(path)))];

        Assert.True(lines.Length > 50);
        Assert.Empty(lines.GroupBy(line => line.Groups["id"].Value).Where(same => same.Count() > 1).Select(same => same.Key));
        Assert.Empty(lines.GroupBy(line => line.Groups["name"].Value).Where(same => same.Count() > 1).Select(same => same.Key));
    }

    [GeneratedRegex(@"LoggerMessage\(EventId = (?<id>[0-9]+), EventName = ""(?<name>\w+)""")]
    private static partial Regex LogLine();

    [GeneratedRegex(@"\.GetAwaiter\(\)\.GetResult\(\)|\.Wait\(\)|Task\.Run\(|Thread\.Sleep|async void")]
    private static partial Regex Forbidden();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX|NotImplementedException)\b")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"^public (?!.*\bdelegate\b).*\b(class|record|struct|interface|enum)\b")]
    private static partial Regex PublicType();

    [GeneratedRegex(@"^\s*/// (?:<item>|<para>)?(?<number>[A-Z][0-9]{1,2})[.,] ", RegexOptions.Multiline)]
    private static partial Regex StatedInvariant();
}
