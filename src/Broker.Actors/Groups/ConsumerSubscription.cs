using Broker.Wire;
using Broker.Wire.Primitives;

namespace Broker.Actors.Groups;

/// <summary>The beginning, alike in all versions, of what consumers put into their JoinGroup for their assignor: a version and the topics.</summary>
internal static class ConsumerSubscription
{
    /// <summary>The protocol type of groups whose members send such bytes.</summary>
    public const string ProtocolType = "consumer";

    /// <summary>The topics; null when the bytes are something else, which is nobody's fault: assignors are the clients' own.</summary>
    public static IReadOnlyList<string>? TopicsOf(ReadOnlyMemory<byte> subscription)
    {
        try
        {
            WireReader reader = new(subscription);
            reader.ReadInt16();
            return reader.ReadStringArray(flexible: false);
        }
        catch (MalformedMessageException)
        {
            return null;
        }
    }
}
