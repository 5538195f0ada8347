namespace Broker.ObjectStore.Wal;

/// <summary>The disk or the quota has no room for the bytes to write.</summary>
public sealed class WalDiskFullException(string message, Exception? inner = null) : IOException(message, inner);
