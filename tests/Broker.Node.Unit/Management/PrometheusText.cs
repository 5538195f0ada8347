using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Broker.Node.Unit.Management;

/// <summary>Prometheus' text format 0.0.4, read strictly: what is not of the format, or has no HELP and TYPE before it, is an error.</summary>
internal sealed partial class PrometheusText
{
    private static readonly string[] OfHistograms = ["_bucket", "_sum", "_count"];

    private readonly Dictionary<string, double> _values = [];
    private readonly Dictionary<string, string> _types = [];
    private readonly HashSet<string> _helped = [];

    /// <summary>The kind of each metric.</summary>
    public IReadOnlyDictionary<string, string> Types => _types;

    /// <summary>All samples, by name and labels as <c>name{label="value",...}</c> with the labels in order of their names, or the bare name.</summary>
    public IReadOnlyDictionary<string, double> Values => _values;

    public double this[string sample] => _values.GetValueOrDefault(sample);

    /// <exception cref="FormatException">It is not that format.</exception>
    public static PrometheusText Parse(string text)
    {
        PrometheusText parsed = new();
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        foreach (string line in text.Split('\n').Where(line => line.Length > 0))
        {
            parsed.Take(line);
        }

        return parsed;
    }

    private void Take(string line)
    {
        if (Comment().Match(line) is { Success: true } comment)
        {
            string name = comment.Groups["name"].Value;
            bool isNew = comment.Groups["kind"].Value == "TYPE" ? _types.TryAdd(name, comment.Groups["text"].Value) : _helped.Add(name);
            Require(isNew && comment.Groups["text"].Length > 0, line);
        }
        else if (line[0] != '#')
        {
            Match sample = Sample().Match(line);
            Require(sample.Success, line);
            string name = sample.Groups["name"].Value;
            string family = OfHistograms.Where(suffix => name.EndsWith(suffix, StringComparison.Ordinal)).Select(suffix => name[..^suffix.Length]).FirstOrDefault(_types.ContainsKey) ?? name;
            Require(_types.ContainsKey(family) && _helped.Contains(family), line);
            Require(_values.TryAdd(name + LabelsOf(sample), ValueOf(sample.Groups["value"].Value)), line);
        }
    }

    private static string LabelsOf(Match sample)
    {
        string[] labels = [.. sample.Groups["label"].Captures.Select(label => label.Value).Order(StringComparer.Ordinal)];
        return labels.Length == 0 ? "" : new StringBuilder("{").AppendJoin(',', labels).Append('}').ToString();
    }

    private static double ValueOf(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    private static void Require(bool holds, string line)
    {
        if (!holds)
        {
            throw new FormatException($"not in the text format, or not described before: {line}");
        }
    }

    [GeneratedRegex(@"^# (?<kind>HELP|TYPE) (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<text>.+)$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{((?<label>[a-zA-Z_][a-zA-Z0-9_]*=""(?:[^""\\\n]|\\[\\""n])*""),?)*\})? (?<value>[^ ]+)( [0-9]+)?$")]
    private static partial Regex Sample();
}
