namespace Broker.Actors.Connections;

/// <summary>
/// What one connection may have in progress: so many requests, and so many bytes of them. The count is for small requests under way to a slow store; the bytes
/// keep one connection from filling the node with what it could as well send later. A request larger than all the bytes goes alone. Not for two readers at once.
/// </summary>
/// <param name="maxRequests">How many at a time.</param>
/// <param name="maxBytes">And how many bytes of them.</param>
internal sealed class RequestWindow(int maxRequests, long maxBytes) : IDisposable
{
    private readonly SemaphoreSlim _requests = new(maxRequests);
    private readonly MemoryBudget _bytes = new(maxBytes);

    /// <summary>Waits until a request of <paramref name="bytes"/> may be read.</summary>
    /// <returns>Whether it is the only one.</returns>
    public async ValueTask<bool> EnterAsync(int bytes, CancellationToken stop)
    {
        await _requests.WaitAsync(stop);
        await _bytes.ReserveAsync(bytes, stop);
        return _requests.CurrentCount == maxRequests - 1;
    }

    /// <summary>A request of <paramref name="bytes"/> that had entered is answered.</summary>
    public void Leave(int bytes)
    {
        // The bytes last: whoever waits for them then sees whether another request is left.
        _requests.Release();
        _bytes.Release(bytes);
    }

    public void Dispose() => _requests.Dispose();
}
