namespace Broker.Wire;

/// <summary>
/// What came from the wire, or is meant for it, is not Kafka's protocol. Every failure to read or write
/// a message, frame or record batch is of this type or one derived from it.
/// </summary>
public abstract class ProtocolException(string message, Exception? cause = null) : Exception(message, cause);
