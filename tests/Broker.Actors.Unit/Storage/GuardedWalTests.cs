using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Unit.Storage;

/// <summary>A log is not written to while the metadata are lost, and goes on when they are back.</summary>
public sealed class GuardedWalTests
{
    [Fact]
    public async Task Append_is_refused_and_not_written_while_there_is_a_loss_and_taken_when_there_is_none()
    {
        HeldWal inner = new();
        StorageException? loss = new(StorageErrorKind.Corrupt, "the test's metadata are gone");
        GuardedWal wal = new(inner, () => loss);
        WalRecord record = new(new StreamId(1), new LeaderEpoch(0), Offset.Zero, Offset.Zero, 0, default, 0);

        StorageException refused = await Assert.ThrowsAsync<StorageException>(() => wal.AppendAsync([record], CancellationToken.None).AsTask());

        Assert.Equal((StorageErrorKind.Corrupt, loss.Message), (refused.Kind, refused.Message));
        Assert.False(inner.HasNext);
        loss = null;
        Task<WalPosition> append = wal.AppendAsync([record], CancellationToken.None).AsTask();
        (await inner.NextAsync()).Succeed();
        Assert.Equal(new WalPosition(1), await append);
    }
}
