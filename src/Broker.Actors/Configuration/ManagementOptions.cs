using System.Net;

namespace Broker.Actors.Configuration;

/// <summary>How a node tells of itself.</summary>
/// <param name="Listener"><c>management.listener</c>: where metrics and health are asked for; null: nowhere. Port 0 is any that is free.</param>
/// <param name="OtlpEndpoint"><c>otlp.endpoint</c>: where metrics are sent by OpenTelemetry's protocol; null: nowhere.</param>
public sealed record ManagementOptions(IPEndPoint? Listener, Uri? OtlpEndpoint)
{
    /// <exception cref="SettingsException">A setting names something that cannot be.</exception>
    public static ManagementOptions From(BrokerSettings settings) => new(ListenerOf(settings), EndpointOf(settings));

    // No names: which of a host's addresses is meant is the operator's to say, where there is no authentication.
    private static IPEndPoint? ListenerOf(BrokerSettings settings)
    {
        string text = settings.Text("management.listener")!;
        if (text.Length == 0)
        {
            return null;
        }

        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? "" : text[..colon];
        IPAddress? address = host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out IPAddress? given) ? given : null;
        return address is not null && ushort.TryParse(text[(colon + 1)..], out ushort port)
            ? new IPEndPoint(address, port)
            : throw settings.BadValue("management.listener", "ADDRESS:PORT, with an IP address of this machine (0.0.0.0 for all, [::] with IPv6) or localhost; or nothing");
    }

    private static Uri? EndpointOf(BrokerSettings settings)
    {
        string text = settings.Text("otlp.endpoint")!;
        return text.Length == 0 ? null
            : Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https" ? address
            : throw settings.BadValue("otlp.endpoint", "an http or https address, or nothing");
    }
}
