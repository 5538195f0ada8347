using System.Runtime.Serialization;

namespace Akka.Serialization;

/// <summary>The bytes may be in order, but what they are is not known here: a node of another version sends such.</summary>
internal sealed class UnknownFormatException(string message) : SerializationException(message)
{
}
