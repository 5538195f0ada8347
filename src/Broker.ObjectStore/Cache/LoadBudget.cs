namespace Broker.ObjectStore.Cache;

/// <summary>
/// Bounds the bytes that are being loaded at a time: loads wait in the order in which they came. One that is larger than the bound goes
/// when nothing else does. Guarded by the cache's lock; waiting is done outside it.
/// </summary>
internal sealed class LoadBudget(long maxBytes)
{
    private readonly Queue<(long Bytes, TaskCompletionSource Turn)> _waiting = new();

    /// <summary>Bytes of the loads that have their turn.</summary>
    public long LoadingBytes { get; private set; }

    /// <summary>Ends when the load may begin; its bytes are taken then, and <see cref="Release"/> gives them back.</summary>
    public Task EnterAsync(long bytes)
    {
        if (_waiting.Count == 0 && HasRoomFor(bytes))
        {
            LoadingBytes += bytes;
            return Task.CompletedTask;
        }

        TaskCompletionSource turn = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Enqueue((bytes, turn));
        return turn.Task;
    }

    public void Release(long bytes)
    {
        LoadingBytes -= bytes;
        while (_waiting.TryPeek(out (long Bytes, TaskCompletionSource Turn) next) && HasRoomFor(next.Bytes))
        {
            _waiting.Dequeue();
            LoadingBytes += next.Bytes;
            next.Turn.SetResult();
        }
    }

    private bool HasRoomFor(long bytes) => LoadingBytes == 0 || LoadingBytes + bytes <= maxBytes;
}
