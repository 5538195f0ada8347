namespace Broker.Actors.Configuration;

/// <summary>Works out which listeners this node opens and what it advertises.</summary>
internal static class ListenerOptions
{
    /// <summary>A Kafka node's file may list controller listeners: they have no meaning here and are left out.</summary>
    public static (IReadOnlyList<Listener> Listeners, IReadOnlyList<Listener> Advertised) From(BrokerSettings settings)
    {
        string[] controllers = (settings.Text("controller.listener.names") ?? "")
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        Listener[] listeners = [.. Parse(settings, "listeners").Where(l => !IsController(l, controllers))];
        RequirePlaintext(settings, listeners);
        Require(listeners.Length > 0, settings, "listeners", null, "at least one listener that is not a controller's");
        Require(listeners.DistinctBy(l => l.Name).Count() == listeners.Length, settings, "listeners", null, "each name once");

        string? text = settings.Text("advertised.listeners");
        Listener[] advertised = text is null ? [.. listeners.Select(Reachable)]
            : [.. Parse(settings, "advertised.listeners").Where(l => !IsController(l, controllers))];
        foreach (Listener listener in listeners)
        {
            Listener? match = advertised.FirstOrDefault(a => a.Name == listener.Name);
            Require(match is not null, settings, "advertised.listeners", null, $"an address for each listener, and '{listener.Name}' has none");
            Require(match!.Host is not ("" or "0.0.0.0" or "::"), settings, "advertised.listeners", match, "a host that clients can reach, not the wildcard address");
        }

        return (listeners, advertised);
    }

    private static bool IsController(Listener listener, string[] controllers) =>
        controllers.Contains(listener.Name, StringComparer.OrdinalIgnoreCase);

    // Kafka advertises the listener itself; for a wildcard it takes the machine's name, as Java's canonical host name does.
    private static Listener Reachable(Listener listener) =>
        listener.Host is "" or "0.0.0.0" or "::" ? listener with { Host = Environment.MachineName } : listener;

    private static void RequirePlaintext(BrokerSettings settings, IEnumerable<Listener> listeners)
    {
        Dictionary<string, string> protocols = new(StringComparer.OrdinalIgnoreCase);
        foreach (string pair in (settings.Text("listener.security.protocol.map") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = pair.Split(':');
            Require(parts.Length == 2, settings, "listener.security.protocol.map", null, $"NAME:PROTOCOL[,...], and '{pair}' is none");
            protocols[parts[0]] = parts[1];
        }

        foreach (Listener listener in listeners)
        {
            string protocol = protocols.GetValueOrDefault(listener.Name, "(none)");
            Require(string.Equals(protocol, "PLAINTEXT", StringComparison.OrdinalIgnoreCase), settings, "listeners", listener,
                $"the security protocol PLAINTEXT, by name or by listener.security.protocol.map; {listener.Name} stands for {protocol}");
        }
    }

    private static IReadOnlyList<Listener> Parse(BrokerSettings settings, string name) =>
        Listener.ParseList(name, settings.Text(name)!, settings.Given(name)?.Place);

    /// <param name="culprit">The one of several that is wrong; null for the whole value.</param>
    private static void Require(bool holds, BrokerSettings settings, string name, Listener? culprit, string allowed)
    {
        if (!holds)
        {
            throw new SettingsException([SettingsException.BadValue(name, culprit?.ToString() ?? settings.Text(name) ?? "", settings.Given(name)?.Place, allowed)]);
        }
    }
}
