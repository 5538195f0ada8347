using System.Globalization;
using System.Net;

namespace Broker.Node.CommandLine;

/// <summary>Where a running node is asked: <c>HOST:PORT</c>.</summary>
internal static class ManagementAddress
{
    /// <summary>Whether a text is <c>HOST:PORT</c>.</summary>
    public static bool IsOne(string text)
    {
        int colon = text.LastIndexOf(':');
        return colon > 0
            && Uri.CheckHostName(text[..colon]) != UriHostNameType.Unknown
            && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            && port is > 0 and <= ushort.MaxValue;
    }

    /// <summary>Where a node with that <c>management.listener</c> is asked; null when that cannot be told.</summary>
    /// <param name="problem">Why not, and what to do; "" otherwise.</param>
    public static string? TryFind(IPEndPoint? listener, out string problem)
    {
        problem = listener switch
        {
            null => "the node's management.listener is off, so it cannot be asked",
            { Port: 0 } => "the node's management.listener has port 0: say which port it got (the node prints it at its start) by --override management.listener=ADDRESS:PORT",
            _ => "",
        };
        return listener switch
        {
            null or { Port: 0 } => null,
            { Address: var any } when any.Equals(IPAddress.Any) => $"{new IPEndPoint(IPAddress.Loopback, listener.Port)}",
            { Address: var any } when any.Equals(IPAddress.IPv6Any) => $"{new IPEndPoint(IPAddress.IPv6Loopback, listener.Port)}",
            _ => $"{listener}",
        };
    }
}
