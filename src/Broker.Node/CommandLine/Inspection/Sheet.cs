using System.Globalization;

namespace Broker.Node.CommandLine.Inspection;

/// <summary>An answer for people: lines, facts, tables and a tree, in the order in which they are added.</summary>
internal sealed class Sheet
{
    private readonly List<SheetPart> _parts = [];

    public IReadOnlyList<SheetPart> Parts => _parts;

    /// <summary>A sentence.</summary>
    public Sheet Line(string text) => Add(new SheetLine(text));

    /// <summary>Names and what they stand for.</summary>
    public Sheet Facts(params IReadOnlyList<(string Name, string Value)> facts) => Add(new SheetFacts(facts));

    /// <summary>A table; a column whose name begins with '&gt;' is aligned to the right. Without rows: a sentence that says so.</summary>
    public Sheet Table(string none, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        IReadOnlyList<string>[] cells = [.. rows];
        return cells.Length == 0 ? Line(none) : Add(new SheetTable(columns, cells));
    }

    /// <summary>A tree.</summary>
    public Sheet Tree(SheetBranch root) => Add(new SheetTree(root));

    /// <summary>A number in digits alone, so that it can be found and calculated with.</summary>
    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A time, in UTC.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>What marks a row that has something.</summary>
    public static string Mark(bool holds, string word) => holds ? word : "";

    private Sheet Add(SheetPart part)
    {
        _parts.Add(part);
        return this;
    }
}

/// <summary>A part of a <see cref="Sheet"/>.</summary>
internal abstract record SheetPart;

/// <summary>A sentence.</summary>
internal sealed record SheetLine(string Text) : SheetPart;

/// <summary>Names and what they stand for.</summary>
internal sealed record SheetFacts(IReadOnlyList<(string Name, string Value)> Facts) : SheetPart;

/// <summary>Rows under columns.</summary>
internal sealed record SheetTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows) : SheetPart;

/// <summary>What lies below what.</summary>
internal sealed record SheetTree(SheetBranch Root) : SheetPart;

/// <summary>A text and what lies below it.</summary>
internal sealed record SheetBranch(string Text, IReadOnlyList<SheetBranch> Branches);
