namespace Broker.ObjectStore.Wal;

/// <summary>
/// An append was refused because the log, its disk or its queue is full. Nothing of the batch was kept and the log goes on (W4 of
/// <see cref="IWriteAheadLog"/>): trim, or wait for appends in flight, and append again.
/// </summary>
public sealed class WalFullException(string message, Exception? inner = null)
    : StorageException(StorageErrorKind.Unavailable, message, inner);
