namespace Broker.ObjectStore;

/// <summary>
/// Unavailable because the store answers and will not serve this client: there is no such bucket, access is denied, or the bucket is elsewhere. Someone must set it
/// right, here or there, and until then trying again is in vain. A running node rides it out all the same; one that starts says so and ends.
/// </summary>
public sealed class StoreDeniedException(string message, Exception? inner = null)
    : StorageException(StorageErrorKind.Unavailable, message, inner);
