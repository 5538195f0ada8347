using System.Net;

namespace Broker.Actors.Configuration;

/// <summary>How a node is one of several: <c>cluster.address</c>.</summary>
/// <param name="Host">By which other nodes reach it.</param>
/// <param name="Port">0: any that is free.</param>
/// <param name="DownsByLease">Of two parts of a cluster that do not reach each other, that one goes on which gets a lease in the bucket; else the one with most nodes. <c>cluster.downing</c>.</param>
public sealed record ClusterOptions(string Host, int Port, bool DownsByLease = false)
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
        if (colon > 0 && IPAddress.TryParse(text[..colon].Trim('[', ']'), out IPAddress? host) && (host.Equals(IPAddress.Any) || host.Equals(IPAddress.IPv6Any)))
        {
            throw settings.BadValue("cluster.address", "the address of one interface, by which other nodes reach this one: they cannot connect to all of them");
        }

        return colon > 0 && ushort.TryParse(text[(colon + 1)..], out ushort port)
            ? new ClusterOptions(text[..colon].Trim('[', ']'), port, settings.Text("cluster.downing") == "lease")
            : throw settings.BadValue("cluster.address", "HOST:PORT, as other nodes reach this one; port 0 for any that is free; or nothing, for a node alone");
    }
}
