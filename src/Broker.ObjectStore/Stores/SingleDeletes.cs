namespace Broker.ObjectStore;

/// <summary>Deletes objects by a request for each: of stores that have no request for several.</summary>
internal static class SingleDeletes
{
    /// <summary>At a time: one after the other they would be slower than what a busy log appends meanwhile.</summary>
    private const int InFlight = 8;

    public static async ValueTask RunAsync(IObjectStore store, IReadOnlyList<ObjectKey> keys, CancellationToken ct)
    {
        foreach (ObjectKey[] some in keys.Chunk(InFlight))
        {
            await Task.WhenAll(some.Select(key => store.DeleteAsync(key, ct).AsTask()));
        }
    }
}
