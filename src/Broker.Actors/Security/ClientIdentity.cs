using System.Net;

namespace Broker.Actors.Security;

/// <summary>Who sent a request, and how it came in.</summary>
/// <param name="Principal">As Kafka writes it, <c>User:ANONYMOUS</c> on a listener without authentication.</param>
/// <param name="ListenerName">Names the listener, and so which advertised addresses the client is shown.</param>
public sealed record ClientIdentity(string Principal, IPAddress Address, string ListenerName, string ClientId)
{
    public const string Anonymous = "User:ANONYMOUS";
}
