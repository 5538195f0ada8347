namespace Broker.Actors.Configuration;

/// <summary>How a node is one of several: <c>cluster.address</c>.</summary>
/// <param name="Host">By which other nodes reach it.</param>
/// <param name="Port">0: any that is free.</param>
public sealed record ClusterOptions(string Host, int Port)
{
    /// <summary>Null: the node is alone.</summary>
    /// <exception cref="SettingsException">The address is none.</exception>
    public static ClusterOptions? From(BrokerSettings settings)
    {
        string text = settings.Text("cluster.address")!;
        if (text.Length == 0)
        {
            return null;
        }

        int colon = text.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(text[(colon + 1)..], out ushort port)
            ? new ClusterOptions(text[..colon].Trim('[', ']'), port)
            : throw settings.BadValue("cluster.address", "HOST:PORT, as other nodes reach this one; port 0 for any that is free; or nothing, for a node alone");
    }
}
