using System.Text;

namespace Broker.Wire.Generator.Emit;

/// <summary>Collects lines of C# with their indentation.</summary>
internal sealed class CodeWriter
{
    private readonly StringBuilder _text = new();
    private int _depth;

    public void Line(string line = "")
    {
        if (line.Length > 0)
        {
            _text.Append(' ', _depth * 4).Append(line);
        }

        _text.Append('\n');
    }

    /// <summary>A brace block under <paramref name="head"/>.</summary>
    public void Block(string head, Action body)
    {
        Line(head);
        Line("{");
        _depth++;
        body();
        _depth--;
        Line("}");
    }

    /// <summary><paramref name="line"/>, under a condition when there is one.</summary>
    public void LineIf(string? condition, string line)
    {
        if (condition is null)
        {
            Line(line);
        }
        else
        {
            Block($"if ({condition})", () => Line(line));
        }
    }

    public override string ToString() => _text.ToString();
}
