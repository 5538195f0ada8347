namespace Broker.Wire;

/// <summary>Bytes that are no valid frame, header, message or record batch.</summary>
public sealed class MalformedMessageException(string message, Exception? cause = null) : ProtocolException(message, cause);
