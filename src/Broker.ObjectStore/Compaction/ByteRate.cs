namespace Broker.ObjectStore.Compaction;

/// <summary>A bandwidth budget: who has used bytes waits until the rate allows more. Bytes not used in the past are not made up for. Not thread-safe.</summary>
public sealed class ByteRate(long bytesPerSecond, TimeProvider time)
{
    private long _since = time.GetTimestamp();
    private double _owedSeconds;

    /// <summary>Accounts for bytes that were used, and waits for as long as they take at the rate. A rate of 0 is no bound.</summary>
    public async ValueTask UseAsync(long bytes, CancellationToken ct)
    {
        if (bytesPerSecond == 0)
        {
            return;
        }

        long now = time.GetTimestamp();
        _owedSeconds = Math.Max(0, _owedSeconds - time.GetElapsedTime(_since, now).TotalSeconds) + ((double)bytes / bytesPerSecond);
        _since = now;
        if (_owedSeconds >= 0.001)
        {
            await Task.Delay(TimeSpan.FromSeconds(_owedSeconds), time, ct);
        }
    }
}
