namespace Broker.Actors.Configuration;

/// <summary>A named address, as in <c>PLAINTEXT://host:port</c>. An empty host means every interface.</summary>
public sealed record Listener(string Name, string Host, int Port)
{
    /// <summary>Reads a comma-separated list of listeners.</summary>
    /// <exception cref="SettingsException">Something in the list is not <c>NAME://host:port</c>.</exception>
    public static IReadOnlyList<Listener> ParseList(string setting, string text, string? place = null) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(one => Parse(setting, one, place))];

    private static Listener Parse(string setting, string text, string? place)
    {
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        int colon = text.LastIndexOf(':');
        if (scheme > 0 && colon > scheme + 2 && ushort.TryParse(text[(colon + 1)..], out ushort port))
        {
            string host = text[(scheme + 3)..colon].Trim('[', ']');
            return new Listener(text[..scheme].ToUpperInvariant(), host, port);
        }

        throw new SettingsException([SettingsException.BadValue(setting, text, place, "NAME://host:port[,...], port 0 to 65535")]);
    }

    public override string ToString() => Host.Contains(':') ? $"{Name}://[{Host}]:{Port}" : $"{Name}://{Host}:{Port}";
}
