using System.Buffers;

namespace Akka.Actor;

/// <summary>
/// The place of an actor in its system's tree. Paths are equal when their elements and address are; the unique id
/// tells incarnations apart and is compared by references only.
/// </summary>
public abstract class ActorPath : IEquatable<ActorPath>, IComparable<ActorPath>
{
    /// <summary>Characters allowed in a name besides letters and digits.</summary>
    public static readonly string ValidSymbols = "\"-_.*$+:@&=,!~';()";

    private static readonly SearchValues<char> ValidCharacters = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" + ValidSymbols);

    private string? _text;

    protected ActorPath(Address address, string name)
    {
        Address = address;
        Name = name;
        Parent = this;
    }

    protected ActorPath(ActorPath parentPath, string name, long uid)
    {
        Address = parentPath.Address;
        Parent = parentPath;
        Name = name;
        Uid = uid;
        Depth = parentPath.Depth + 1;
    }

    public string Name { get; }

    public Address Address { get; }

    /// <summary>Unique id of the incarnation; 0 where none is meant.</summary>
    public long Uid { get; }

    /// <summary>The parent's path; a root is its own parent.</summary>
    public ActorPath Parent { get; }

    public int Depth { get; }

    /// <summary>The names from below the root down to this actor.</summary>
    public IReadOnlyList<string> Elements
    {
        get
        {
            string[] elements = new string[Depth];
            ActorPath path = this;
            for (int i = Depth - 1; i >= 0; i--)
            {
                elements[i] = path.Name;
                path = path.Parent;
            }

            return elements;
        }
    }

    public ActorPath Root => ParentOf(0);

    /// <summary>True when <paramref name="s"/> may be an actor's name: no slash, nothing but URI characters.</summary>
    public static bool IsValidPathElement(string s)
    {
        if (string.IsNullOrEmpty(s) || s[0] == '$')
        {
            return false;
        }

        for (int i = 0; i < s.Length; i++)
        {
            if (s[i] == '%')
            {
                if (i + 2 >= s.Length || !char.IsAsciiHexDigit(s[i + 1]) || !char.IsAsciiHexDigit(s[i + 2]))
                {
                    return false;
                }

                i += 2;
            }
            else if (!ValidCharacters.Contains(s[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <exception cref="UriFormatException">The text is not a path.</exception>
    public static ActorPath Parse(string path) => TryParse(path, out ActorPath? parsed)
        ? parsed!
        : throw new UriFormatException($"'{path}' is not an actor path like akka://system/user/name.");

    public static bool TryParse(string path, out ActorPath? actorPath)
    {
        actorPath = null;
        if (!Address.TryParse(path, out Address? address))
        {
            return false;
        }

        int start = path.IndexOf('/', path.IndexOf("://", StringComparison.Ordinal) + 3);
        ActorPath parsed = new RootActorPath(address!);
        if (start >= 0)
        {
            string elements = path[(start + 1)..];
            long uid = 0;
            int hash = elements.LastIndexOf('#');
            if (hash >= 0 && long.TryParse(elements[(hash + 1)..], out uid))
            {
                elements = elements[..hash];
            }

            foreach (string element in elements.Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                parsed = new ChildActorPath(parsed, element, 0);
            }

            parsed = parsed.WithUid(uid);
        }

        actorPath = parsed;
        return true;
    }

    /// <summary>The path of the ancestor at <paramref name="depth"/> (negative: counted from here upwards).</summary>
    public ActorPath ParentOf(int depth)
    {
        ActorPath path = this;
        int steps = depth >= 0 ? Depth - depth : -depth;
        for (int i = 0; i < steps; i++)
        {
            path = path.Parent;
        }

        return path;
    }

    /// <summary>The path of the child of that name; several names may be given with slashes between.</summary>
    public ActorPath Child(string childName) => this / childName;

    public ActorPath WithUid(long uid) => Depth == 0 || uid == Uid ? this : new ChildActorPath(Parent, Name, uid);

    public string ToStringWithoutAddress() => Depth == 0 ? Name : "/" + string.Join('/', Elements);

    public string ToStringWithAddress() => Address + ToStringWithoutAddress();

    public string ToStringWithAddress(Address address) =>
        (Address.HasGlobalScope ? Address : address) + ToStringWithoutAddress();

    public string ToStringWithUid() => Uid == 0 ? ToString() : $"{this}#{Uid}";

    /// <summary>The text that identifies the incarnation: address, elements and unique id.</summary>
    public string ToSerializationFormat() => ToStringWithUid();

    /// <summary>As <see cref="ToSerializationFormat"/>, with <paramref name="address"/> where this path's own names no host.</summary>
    public string ToSerializationFormatWithAddress(Address address) =>
        Uid == 0 ? ToStringWithAddress(address) : $"{ToStringWithAddress(address)}#{Uid}";

    public override string ToString() => _text ??= ToStringWithAddress();

    public bool Equals(ActorPath? other)
    {
        if (other is null || Depth != other.Depth || !Address.Equals(other.Address))
        {
            return false;
        }

        ActorPath mine = this;
        while (!ReferenceEquals(mine, other))
        {
            if (mine.Name != other.Name)
            {
                return false;
            }

            if (mine.Depth == 0)
            {
                return true;
            }

            mine = mine.Parent;
            other = other.Parent;
        }

        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as ActorPath);

    public override int GetHashCode() => HashCode.Combine(Name, Depth, Parent.Name);

    public int CompareTo(ActorPath? other) =>
        other is null ? 1 : string.CompareOrdinal(ToString(), other.ToString());

    public static bool operator ==(ActorPath? left, ActorPath? right) => Equals(left, right);

    public static bool operator !=(ActorPath? left, ActorPath? right) => !Equals(left, right);

    public static ActorPath operator /(ActorPath path, string name)
    {
        foreach (string element in name.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            path = new ChildActorPath(path, element, 0);
        }

        return path;
    }

    public static ActorPath operator /(ActorPath path, IEnumerable<string> name) =>
        name.Aggregate(path, (parent, element) => parent / element);
}

/// <summary>The root of a system's tree.</summary>
public sealed class RootActorPath : ActorPath
{
    public RootActorPath(Address address, string name = "/")
        : base(address, name)
    {
    }
}

/// <summary>Any path below the root.</summary>
public sealed class ChildActorPath : ActorPath
{
    public ChildActorPath(ActorPath parentPath, string name, long uid)
        : base(parentPath, name, uid)
    {
    }
}
