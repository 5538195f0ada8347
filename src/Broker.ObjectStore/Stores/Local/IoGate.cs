namespace Broker.ObjectStore.Local;

/// <summary>
/// Lets a bounded number of blocking file operations run at a time, each on a thread of the pool: a slow disk must not take
/// all of them, nor the caller's own. Thread-safe.
/// </summary>
internal sealed class IoGate(int maxConcurrent) : IDisposable
{
    private readonly SemaphoreSlim _turns = new(maxConcurrent);

    /// <summary>Waits for a turn and moves to the pool. The caller awaits with ConfigureAwait(false) and disposes the turn.</summary>
    internal async ValueTask<Turn> EnterAsync(CancellationToken ct)
    {
        await _turns.WaitAsync(ct).ConfigureAwait(false);
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return new Turn(_turns);
    }

    public void Dispose() => _turns.Dispose();

    internal readonly struct Turn(SemaphoreSlim turns) : IDisposable
    {
        public void Dispose() => turns.Release();
    }
}
