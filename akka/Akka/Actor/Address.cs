namespace Akka.Actor;

/// <summary>Names an actor system: <c>protocol://system@host:port</c>, host and port only for remote ones.</summary>
public sealed class Address : IEquatable<Address>, IComparable<Address>, IComparable
{
    public Address(string protocol, string system, string? host = null, int? port = null)
    {
        Protocol = protocol;
        System = system;
        Host = host?.ToLowerInvariant();
        Port = port;
    }

    /// <summary>No system in particular.</summary>
    public static readonly Address AllSystems = new("akka", "all-systems");

    public string Protocol { get; }

    public string System { get; }

    public string? Host { get; }

    public int? Port { get; }

    public bool HasLocalScope => string.IsNullOrEmpty(Host);

    public bool HasGlobalScope => !HasLocalScope;

    /// <exception cref="UriFormatException">The text is not an address.</exception>
    public static Address Parse(string address) => TryParse(address, out Address? parsed)
        ? parsed!
        : throw new UriFormatException($"'{address}' is not an address like protocol://system@host:port.");

    public static bool TryParse(string path, out Address? address)
    {
        address = null;
        int scheme = path.IndexOf("://", StringComparison.Ordinal);
        if (scheme <= 0)
        {
            return false;
        }

        string rest = path[(scheme + 3)..];
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        rest = slash >= 0 ? rest[..slash] : rest;
        int at = rest.IndexOf('@', StringComparison.Ordinal);
        if (at < 0)
        {
            address = new Address(path[..scheme], rest);
            return rest.Length > 0;
        }

        int colon = rest.LastIndexOf(':');
        if (colon < at || !int.TryParse(rest[(colon + 1)..], out int port))
        {
            return false;
        }

        address = new Address(path[..scheme], rest[..at], rest[(at + 1)..colon], port);
        return true;
    }

    public string HostPort() => HasLocalScope ? System : $"{System}@{Host}:{Port}";

    public Address WithProtocol(string protocol) => new(protocol, System, Host, Port);

    public Address WithSystem(string system) => new(Protocol, system, Host, Port);

    public Address WithHost(string? host = null) => new(Protocol, System, host, Port);

    public Address WithPort(int? port = null) => new(Protocol, System, Host, port);

    public override string ToString() => $"{Protocol}://{HostPort()}";

    public bool Equals(Address? other) => other is not null && Port == other.Port && Host == other.Host
        && System == other.System && Protocol == other.Protocol;

    public override bool Equals(object? obj) => Equals(obj as Address);

    public override int GetHashCode() => HashCode.Combine(Protocol, System, Host, Port);

    public int CompareTo(Address? other) =>
        other is null ? 1 : string.CompareOrdinal(ToString(), other.ToString());

    int IComparable.CompareTo(object? obj) => CompareTo(obj as Address);

    public static bool operator ==(Address? left, Address? right) => Equals(left, right);

    public static bool operator !=(Address? left, Address? right) => !Equals(left, right);
}
