namespace Broker.ObjectStore;

/// <summary>
/// Unavailable because too much is asked of the store (S3: 503 SlowDown). Asking less helps; <see cref="ThrottlingObjectStore"/> does so. Also
/// the <see cref="PutResult.Cause"/> of a PUT that met an overloaded server and may have been applied.
/// </summary>
public sealed class StoreThrottledException(string message, Exception? inner = null)
    : StorageException(StorageErrorKind.Unavailable, message, inner);
