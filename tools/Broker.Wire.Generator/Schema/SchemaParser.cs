using System.Globalization;

namespace Broker.Wire.Generator.Schema;

/// <summary>Reads one schema file (schema/README.md describes the language) into its messages.</summary>
public sealed class SchemaParser
{
    private static readonly string[] RangeWords = ["since", "until", "in"];

    private readonly string _file;
    private readonly List<Token> _tokens;
    private int _next;
    private List<StructDefinition> _structs = [];

    private SchemaParser(string file, string text)
    {
        _file = file;
        _tokens = Tokenizer.Split(text);
    }

    /// <summary>The messages of <paramref name="text"/>, in order.</summary>
    /// <exception cref="SchemaException">With file and line, where the text is no schema.</exception>
    public static IReadOnlyList<MessageDefinition> Parse(string file, string text)
    {
        SchemaParser parser = new(file, text);
        List<MessageDefinition> messages = [];
        while (!parser.AtEnd)
        {
            parser.ParseDefinition(messages);
        }

        return messages;
    }

    private bool AtEnd => _next == _tokens.Count;

    private void ParseDefinition(List<MessageDefinition> messages)
    {
        Token first = Take();
        int? apiKey = first.Text == "api" ? TakeNumber() : null;
        string name = TakeName();
        Expect("versions");
        VersionRange versions = TakeRange();
        int lastStable = TryTake("stable") ? TakeStable() : versions.Last;
        Expect("flexible");
        VersionRange flexible = TakeRange();
        if (apiKey is null)
        {
            MessageRole role = first.Text switch
            {
                "record" => MessageRole.Record,
                "header" => MessageRole.Header,
                _ => throw Error(first, "expected 'api', 'record' or 'header'"),
            };
            messages.Add(ParseMessage(name, first.Comment, role, versions, flexible));
            return;
        }

        foreach ((string keyword, MessageRole role) in new[] { ("request", MessageRole.Request), ("response", MessageRole.Response) })
        {
            Expect(keyword);
            string summary = $"{role} of {name}. {first.Comment}";
            messages.Add(ParseMessage(name + role, summary, role, versions, flexible) with
            {
                ApiKey = apiKey,
                ApiName = name,
                LastStable = lastStable,
            });
        }
    }

    private int TakeStable()
    {
        Expect("until");
        return TakeNumber();
    }

    private MessageDefinition ParseMessage(string name, string summary, MessageRole role, VersionRange versions, VersionRange flexible)
    {
        _structs = [];
        Expect("{");
        List<FieldDefinition> fields = ParseFields();
        StructDefinition body = new(name, VersionRange.All, fields);
        return new MessageDefinition(name, summary, role, versions, flexible, body, _structs) { LastStable = versions.Last };
    }

    private List<FieldDefinition> ParseFields()
    {
        List<FieldDefinition> fields = [];
        while (!TryTake("}"))
        {
            if (TryTake("struct"))
            {
                string name = TakeName();
                VersionRange versions = TakeOptionalRange() ?? VersionRange.All;
                Expect("{");
                AddStruct(name, versions);
                continue;
            }

            fields.Add(ParseField());
        }

        return fields;
    }

    private void AddStruct(string name, VersionRange versions)
    {
        int position = _structs.Count;
        Token at = Peek();
        List<FieldDefinition> fields = ParseFields();
        if (_structs.Any(known => known.Name == name))
        {
            throw Error(at, $"the struct '{name}' is defined twice");
        }

        _structs.Insert(position, new StructDefinition(name, versions, fields));
    }

    private FieldDefinition ParseField()
    {
        string name = TakeName();
        string typeName = TakeName();
        FieldType type = FieldType.Parse(typeName, TryTake("[]"));
        bool nullableThroughout = TryTake("?");
        VersionRange versions = TakeOptionalRange() ?? VersionRange.All;
        VersionRange nullable = nullableThroughout ? versions : VersionRange.None;
        if (TryTake("nullable"))
        {
            nullable = TakeOptionalRange() ?? throw Error(Peek(), "expected 'since', 'until' or 'in' after 'nullable'");
        }

        FieldDefinition field = new(name, type, versions, nullable)
        {
            Tag = TryTake("tag") ? TakeNumber() : null,
            Default = TryTake("=") ? Take().Text : null,
            Ignorable = TryTake("ignorable"),
            Plain = TryTake("plain"),
        };
        if (TryTake("{"))
        {
            AddStruct(typeName, versions);
        }

        return field;
    }

    private VersionRange? TakeOptionalRange()
    {
        if (AtEnd || !RangeWords.Contains(Peek().Text))
        {
            return null;
        }

        return Take().Text switch
        {
            "since" => new VersionRange(TakeNumber(), VersionRange.Open),
            "until" => new VersionRange(0, TakeNumber()),
            _ => TakeRange(),
        };
    }

    private VersionRange TakeRange()
    {
        Token token = Take();
        string text = token.Text;
        if (text == "none")
        {
            return VersionRange.None;
        }

        if (text.EndsWith('+'))
        {
            return new VersionRange(ParseNumber(token, text[..^1]), VersionRange.Open);
        }

        string[] ends = text.Split('-');
        return ends.Length <= 2
            ? new VersionRange(ParseNumber(token, ends[0]), ParseNumber(token, ends[^1]))
            : throw Error(token, "expected versions like '3', '3-7' or '3+'");
    }

    private int TakeNumber()
    {
        Token token = Take();
        return ParseNumber(token, token.Text);
    }

    private int ParseNumber(Token token, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw Error(token, "expected a number");

    private string TakeName()
    {
        Token token = Take();
        return char.IsAsciiLetter(token.Text[0]) ? token.Text : throw Error(token, "expected a name");
    }

    private bool TryTake(string text)
    {
        if (AtEnd || _tokens[_next].Text != text)
        {
            return false;
        }

        _next++;
        return true;
    }

    private void Expect(string text)
    {
        Token token = Take();
        if (token.Text != text)
        {
            throw Error(token, $"expected '{text}'");
        }
    }

    private Token Peek() => AtEnd ? throw new SchemaException($"{_file}: ends too early") : _tokens[_next];

    private Token Take()
    {
        Token token = Peek();
        _next++;
        return token;
    }

    private SchemaException Error(Token token, string expected) =>
        new($"{_file}:{token.Line}: at '{token.Text}': {expected}");
}
