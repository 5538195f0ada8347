using Broker.ObjectStore;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Storage;

/// <summary>A write-ahead log that takes nothing while what has to hold its records later is lost: a start could not find them.</summary>
/// <param name="inner">Disposed with this.</param>
/// <param name="loss">What is lost; null: nothing.</param>
internal sealed class GuardedWal(IWriteAheadLog inner, Func<StorageException?> loss) : IWriteAheadLog
{
    public long CapacityBytes => inner.CapacityBytes;

    public long UsedBytes => inner.UsedBytes;

    public long SlotsWritten => inner.SlotsWritten;

    public IAsyncEnumerable<WalRecoveredRecord> RecoverAsync(CancellationToken ct) => inner.RecoverAsync(ct);

    /// <inheritdoc/>
    /// <remarks>Corrupt, and nothing is written, while there is a loss; the log goes on when there is none any more.</remarks>
    public ValueTask<WalPosition> AppendAsync(IReadOnlyList<WalRecord> batch, CancellationToken ct) => loss() is { } lost
        ? ValueTask.FromException<WalPosition>(new StorageException(lost.Kind, lost.Message, lost))
        : inner.AppendAsync(batch, ct);

    public ValueTask TrimAsync(WalPosition upTo, CancellationToken ct) => inner.TrimAsync(upTo, ct);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
