namespace Broker.ObjectStore.Wal;

/// <summary>Another process holds the folder's lock.</summary>
public sealed class WalFolderInUseException(string message) : IOException(message);
