namespace Broker.ObjectStore;

/// <summary>
/// What a request to a store is for. It goes with the call, through retries, limits and second requests, to where requests are counted: so one chain of
/// decorators serves all, and still each request has its purpose.
/// </summary>
public static class StorePurpose
{
    /// <summary>Of requests that nobody named.</summary>
    public const string Other = "other";

    /// <summary>The metadata log and its snapshots.</summary>
    public const string Metadata = "metadata";

    /// <summary>The write-ahead log in the bucket.</summary>
    public const string Wal = "wal";

    /// <summary>Uploads of data objects.</summary>
    public const string Upload = "upload";

    /// <summary>Reads of data objects, for clients and ahead of them.</summary>
    public const string Read = "read";

    /// <summary>Reads and writes of objects that take the place of others.</summary>
    public const string Compaction = "compaction";

    /// <summary>Deletion of objects that nothing refers to.</summary>
    public const string Delete = "delete";

    private static readonly AsyncLocal<string?> Named = new();

    /// <summary>The purpose of the call that runs.</summary>
    public static string Current => Named.Value ?? Other;

    /// <summary>Whether acknowledgements wait for the call that runs: for the write-ahead log, or the metadata.</summary>
    public static bool IsUrgent => Current is Wal or Metadata;

    /// <summary>Names the purpose of what follows in this asynchronous method, and in what it calls.</summary>
    internal static void Set(string purpose) => Named.Value = purpose;
}
