using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Unit.Fakes;

/// <summary>One write that the test lets succeed or fail.</summary>
internal sealed record HeldWrite(IReadOnlyList<WalRecord> Records, TaskCompletionSource<WalPosition> Outcome, WalPosition Last)
{
    public void Succeed() => Outcome.SetResult(Last);

    public void Refuse() => Outcome.SetException(new WalFullException("the test's log is full"));
}

/// <summary>A write-ahead log whose writes wait for the test.</summary>
internal sealed class HeldWal : IWriteAheadLog
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly Channel<HeldWrite> _writes = Channel.CreateUnbounded<HeldWrite>();
    private long _position;

    public long CapacityBytes { get; init; } = long.MaxValue;

    public long UsedBytes { get; set; }

    public long SlotsWritten { get; set; }

    public List<WalPosition> Trims { get; } = [];

    /// <summary>Trims fail, after they were noted, while set.</summary>
    public bool TrimsFail { get; set; }

    /// <summary>Whether a write is waiting that was not taken by <see cref="NextAsync"/>.</summary>
    public bool HasNext => _writes.Reader.TryPeek(out _);

    public async Task<HeldWrite> NextAsync()
    {
        using CancellationTokenSource deadline = new(Patience);
        return await _writes.Reader.ReadAsync(deadline.Token);
    }

    public async ValueTask<WalPosition> AppendAsync(IReadOnlyList<WalRecord> batch, CancellationToken ct)
    {
        _position += batch.Count;
        HeldWrite write = new([.. batch], new TaskCompletionSource<WalPosition>(TaskCreationOptions.RunContinuationsAsynchronously), new WalPosition(_position));
        await _writes.Writer.WriteAsync(write, ct);
        return await write.Outcome.Task;
    }

    public async IAsyncEnumerable<WalRecoveredRecord> RecoverAsync([EnumeratorCancellation] CancellationToken ct)
    {
        await Task.CompletedTask;
        yield break;
    }

    public ValueTask TrimAsync(WalPosition upTo, CancellationToken ct)
    {
        lock (Trims)
        {
            Trims.Add(upTo);
        }

        return TrimsFail
            ? ValueTask.FromException(new Broker.ObjectStore.StorageException(Broker.ObjectStore.StorageErrorKind.Unavailable, "the test's log does not trim"))
            : ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
