namespace Broker.ObjectStore.Wal;

/// <summary>Unavailable because of the folder of a write-ahead log on disk, and not of the object store: another process uses it, or it cannot be read or written.</summary>
public sealed class WalFolderException(string message, Exception inner)
    : StorageException(StorageErrorKind.Unavailable, message, inner);
