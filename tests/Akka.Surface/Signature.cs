using System.Reflection;
using System.Text.RegularExpressions;

namespace Akka.Surface;

/// <summary>Writes types and members the way the signature files do, with type parameters by position.</summary>
internal static partial class Signature
{
    /// <summary>Name and number of type parameters.</summary>
    public static string TypeKey(string name)
    {
        int open = name.IndexOf('<', StringComparison.Ordinal);
        return open < 0 ? name : $"{WithoutArguments().Replace(name, "")}`{TypeParameters(name).Length}";
    }

    public static string[] TypeParameters(string name)
    {
        int open = name.LastIndexOf('<');
        int first = name.IndexOf('<', StringComparison.Ordinal);
        return open < 0 ? [] : SplitTopLevel(name[((first == open ? open : first) + 1)..MatchingClose(name, first)]);
    }

    public static string[] SplitTopLevel(string list)
    {
        List<string> parts = [];
        int depth = 0;
        int start = 0;
        for (int i = 0; i < list.Length; i++)
        {
            depth += list[i] is '<' or '(' ? 1 : list[i] is '>' or ')' ? -1 : 0;
            if (list[i] == ',' && depth == 0)
            {
                parts.Add(list[start..i].Trim());
                start = i + 1;
            }
        }

        parts.Add(list[start..].Trim());
        return [.. parts];
    }

    /// <summary>Replaces the names of type parameters, the type's and the member's, by their places.</summary>
    public static string Normalized(string member, string[] typeParameters)
    {
        Match generic = MethodParameters().Match(member);
        string[] own = generic.Success ? SplitTopLevel(generic.Groups["list"].Value) : [];
        for (int i = 0; i < own.Length; i++)
        {
            member = Regex.Replace(member, $@"(?<![\w.]){Regex.Escape(own[i])}(?=[<>,()\[\] ])(?! *[=,)]\s*$)", $"!!{i}");
        }

        for (int i = 0; i < typeParameters.Length; i++)
        {
            if (!own.Contains(typeParameters[i]))
            {
                member = Regex.Replace(member, $@"(?<![\w.!]){Regex.Escape(typeParameters[i])}(?=[<>,()\[\] ])", $"!{i}");
            }
        }

        return member;
    }

    public static string Of(Type type)
    {
        if (type.IsByRef)
        {
            return Of(type.GetElementType()!);
        }

        if (type.IsArray)
        {
            return Of(type.GetElementType()!) + "[]";
        }

        if (type.IsGenericParameter)
        {
            return type.Name;
        }

        string name = type.IsNested
            ? $"{Of(type.DeclaringType!)}.{type.Name.Split('`')[0]}"
            : type.Namespace!.StartsWith("System", StringComparison.Ordinal) ? type.Name.Split('`')[0] : $"{type.Namespace}.{type.Name.Split('`')[0]}";
        return type.IsGenericType ? $"{WithoutArguments().Replace(name, "")}<{string.Join(",", type.GetGenericArguments().Select(Of))}>" : name;
    }

    public static string Of(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => $"new({Parameters(constructor)})",
        MethodInfo method => $"{Static(method.IsStatic)}{Of(method.ReturnType)} {method.Name}{Generic(method)}({Parameters(method)})",
        PropertyInfo property => $"{Static(property.GetMethod?.IsStatic == true)}{Of(property.PropertyType)} {property.Name}",
        FieldInfo field => $"{Static(field.IsStatic)}{Of(field.FieldType)} {field.Name}",
        _ => member.ToString()!,
    };

    private static string Static(bool isStatic) => isStatic ? "static " : "";

    private static string Generic(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(",", method.GetGenericArguments().Select(Of))}>" : "";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
    {
        string prefix = parameter.ParameterType.IsByRef ? "ref " : parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : "";
        return $"{prefix}{Of(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? "=" : "")}";
    }));

    private static int MatchingClose(string text, int open)
    {
        int depth = 0;
        for (int i = open; i < text.Length; i++)
        {
            depth += text[i] == '<' ? 1 : text[i] == '>' ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }
        }

        throw new FormatException($"'{text}' has an open '<'.");
    }

    [GeneratedRegex("<.*>")]
    private static partial Regex WithoutArguments();

    [GeneratedRegex(@" \w+<(?<list>[^()]*)>\(")]
    private static partial Regex MethodParameters();
}
