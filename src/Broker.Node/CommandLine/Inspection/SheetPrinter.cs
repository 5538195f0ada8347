using Spectre.Console;
using Spectre.Console.Rendering;

namespace Broker.Node.CommandLine.Inspection;

/// <summary>A <see cref="Sheet"/> as text: with lines, and within the width of a terminal where there is one; else plain, a row a line, for files and other programs.</summary>
internal static class SheetPrinter
{
    // Nothing here is as wide: a row is never broken.
    private const int PlainWidth = 10_000;

    /// <summary>The text for standard output.</summary>
    public static string TextOf(Sheet sheet) => TextOf(sheet, Console.IsOutputRedirected ? null : Math.Max(1, Console.WindowWidth));

    /// <param name="terminalWidth">Null: it goes to no terminal.</param>
    internal static string TextOf(Sheet sheet, int? terminalWidth)
    {
        using StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = terminalWidth ?? PlainWidth;
        console.Profile.Capabilities.Unicode = terminalWidth is not null;
        bool isFirst = true;
        foreach (SheetPart part in sheet.Parts)
        {
            if (!isFirst)
            {
                console.WriteLine();
            }

            console.Write(Render(part, isPlain: terminalWidth is null));
            isFirst = false;
        }

        // Tables come with empty lines of their own, or without.
        string[] lines = [.. text.ToString().Split('\n').Select(line => line.TrimEnd())];
        return string.Join('\n', lines.Where((line, i) => line.Length > 0 || (i > 0 && lines[i - 1].Length > 0))).Trim('\n');
    }

    private static IRenderable Render(SheetPart part, bool isPlain) => part switch
    {
        SheetLine line => new Text(Clean(line.Text) + "\n"),
        SheetFacts facts => Render(facts),
        SheetTable table => Render(table, isPlain),
        SheetTree tree => Render(tree, isPlain),
        _ => throw new ArgumentOutOfRangeException(nameof(part), part, "no part of a sheet"),
    };

    private static Grid Render(SheetFacts facts)
    {
        Grid grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
        foreach ((string name, string value) in facts.Facts)
        {
            grid.AddRow(new Text(name), new Text(Clean(value)));
        }

        return grid;
    }

    private static Table Render(SheetTable sheet, bool isPlain)
    {
        Table table = new() { Border = isPlain ? TableBorder.None : TableBorder.Simple, ShowHeaders = true };
        foreach (string name in sheet.Columns)
        {
            bool isRight = name.StartsWith('>');
            TableColumn column = new(new Text(name.TrimStart('>'))) { Alignment = isRight ? Justify.Right : Justify.Left, Padding = new Padding(0, 0, isPlain ? 1 : 0, 0) };
            table.AddColumn(column);
        }

        foreach (IReadOnlyList<string> row in sheet.Rows)
        {
            table.AddRow(row.Select(cell => new Text(Clean(cell))));
        }

        return table;
    }

    private static Tree Render(SheetTree sheet, bool isPlain)
    {
        Tree tree = new(new Text(Clean(sheet.Root.Text))) { Guide = isPlain ? TreeGuide.Ascii : TreeGuide.Line };
        tree.AddNodes(sheet.Root.Branches.Select(Render));
        return tree;
    }

    private static TreeNode Render(SheetBranch branch)
    {
        TreeNode node = new(new Text(Clean(branch.Text)));
        node.AddNodes(branch.Branches.Select(Render));
        return node;
    }

    // Clients choose names and metadata: these must neither break a row nor tell the terminal anything.
    private static string Clean(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(character => char.IsControl(character) ? '?' : character)) : text;
}
