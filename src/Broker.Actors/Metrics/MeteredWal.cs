using Broker.ObjectStore;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Metrics;

/// <summary>A write-ahead log whose appends are counted and timed. Disposing it is its owner's business: it does not pass that on.</summary>
internal sealed class MeteredWal(IWriteAheadLog inner, WalMetrics metrics, TimeProvider clock) : IWriteAheadLog
{
    public long CapacityBytes => inner.CapacityBytes;

    public long UsedBytes => inner.UsedBytes;

    public long SlotsWritten => inner.SlotsWritten;

    public IAsyncEnumerable<WalRecoveredRecord> RecoverAsync(CancellationToken ct) => inner.RecoverAsync(ct);

    public async ValueTask<WalPosition> AppendAsync(IReadOnlyList<WalRecord> batch, CancellationToken ct)
    {
        long from = clock.GetTimestamp();
        try
        {
            WalPosition last = await inner.AppendAsync(batch, ct);
            metrics.Appended(BytesOf(batch), clock.GetElapsedTime(from));
            return last;
        }
        catch (StorageException)
        {
            metrics.Refused();
            throw;
        }
    }

    public ValueTask TrimAsync(WalPosition upTo, CancellationToken ct) => inner.TrimAsync(upTo, ct);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static long BytesOf(IReadOnlyList<WalRecord> batch)
    {
        long bytes = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            bytes += batch[i].Payload.Length;
        }

        return bytes;
    }
}
