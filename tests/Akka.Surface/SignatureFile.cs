using System.Text.RegularExpressions;

namespace Akka.Surface;

/// <summary>The public API of one assembly as facts: an unindented line per type, its own members indented below it.</summary>
internal sealed partial class SignatureFile
{
    private readonly Dictionary<string, (string[] Bases, HashSet<string> Members)> _types = [];

    public SignatureFile(string path)
    {
        HashSet<string> members = [];
        string[] typeParameters = [];
        foreach (string line in File.ReadLines(path).Where(line => line.Length > 0 && line[0] != '#'))
        {
            if (line[0] != ' ')
            {
                string[] parts = line.Split(" : ", 2);
                string name = parts[0][(parts[0].LastIndexOf(' ') + 1)..];
                typeParameters = Signature.TypeParameters(name);
                members = [];
                _types[Signature.TypeKey(name)] = (parts.Length > 1 ? Signature.SplitTopLevel(parts[1]) : [], members);
            }
            else if (line.Contains('(', StringComparison.Ordinal) || line.Contains('{', StringComparison.Ordinal) || !line.Contains(',', StringComparison.Ordinal) || line.Contains('<', StringComparison.Ordinal))
            {
                members.Add(Normal(line.Trim(), typeParameters));
            }
            else
            {
                members.UnionWith(line.Trim().Split(", "));
            }
        }
    }

    public bool HasType(string key) => _types.ContainsKey(key);

    /// <summary>True when the type, or one that it inherits from, has the member.</summary>
    public bool HasMember(string typeKey, string member) =>
        _types.TryGetValue(typeKey, out (string[] Bases, HashSet<string> Members) type)
        && (type.Members.Contains(member) || type.Bases.Any(@base => HasMember(Signature.TypeKey(@base), member)));

    private static string Normal(string line, string[] typeParameters)
    {
        string member = Modifiers().Replace(line, "");
        bool isStatic = line.StartsWith("static ", StringComparison.Ordinal) || line.StartsWith("extension ", StringComparison.Ordinal);
        member = DefaultValue().Replace(Accessors().Replace(member, ""), "=");
        if (member.StartsWith("protected(", StringComparison.Ordinal))
        {
            member = member["protected".Length..];
        }

        if (line.StartsWith("new", StringComparison.Ordinal))
        {
            member = "new" + member[member.IndexOf('(', StringComparison.Ordinal)..];
        }

        return Signature.Normalized((isStatic ? "static " : "") + member, typeParameters);
    }

    [GeneratedRegex(@"^((static|extension|protected|abstract|virtual|sealed|new) )+")]
    private static partial Regex Modifiers();

    [GeneratedRegex(@" \{ .* \}$")]
    private static partial Regex Accessors();

    [GeneratedRegex(@"=[^,()]*(?=[,)])")]
    private static partial Regex DefaultValue();
}
