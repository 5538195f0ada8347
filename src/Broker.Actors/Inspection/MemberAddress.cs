using System.Globalization;
using Akka.Actor;

namespace Broker.Actors.Inspection;

/// <summary>A member's address as operators read and type it.</summary>
internal static class MemberAddress
{
    /// <summary><c>HOST:PORT</c>.</summary>
    public static string Of(Address address) => $"{address.Host}:{address.Port}";

    /// <summary>Takes <c>HOST:PORT</c>, and the actor system's <c>akka.tcp://SYSTEM@HOST:PORT</c>.</summary>
    /// <exception cref="InspectionException">Invalid: it is neither.</exception>
    public static (string Host, int Port) Parse(string text)
    {
        string place = text[(text.LastIndexOf('@') + 1)..];
        int colon = place.LastIndexOf(':');
        return colon > 0 && int.TryParse(place.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= ushort.MaxValue
            ? (place[..colon].Trim('[', ']'), port)
            : throw new InspectionException(InspectionFailure.Invalid, $"'{text}' is no address of a member: HOST:PORT, as 'broker cluster show' prints it");
    }
}
