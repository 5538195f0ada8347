using System.Buffers;
using Akka.Actor;
using Akka.TestKit;
using Broker.Actors.Coordination;
using Broker.Actors.Partitions;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Broker.ObjectStore.Wal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Partitions;

/// <summary>A partition's actor with a store and a WAL in the test's hands.</summary>
public abstract class PartitionFixture : ActorTest
{
    private protected const int Epoch = 5;
    private protected static readonly StreamId Stream = new(3);
    private protected static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(150);
    private protected readonly BufferPool _buffers = new(new BufferPoolOptions());
    private protected readonly LogCache _cache = new(new LogCacheOptions(), TimeProvider.System);
    private protected readonly FakeHistory _history = new();
    private protected readonly TestClock _clock = new();
    private protected readonly TestProbe _wal;
    private protected long _position;

    /// <summary>Who is asked whether the node leads still; null: somebody who says so at once.</summary>
    private protected IActorRef? _metadata;

    protected PartitionFixture() => _wal = CreateTestProbe();

    private protected IActorRef Open(int epoch = Epoch, (string, string)[]? config = null)
    {
        _history.State.TrySetResult(default);
        IActorRef partition = Start(epoch, config ?? []);
        partition.Tell(AwaitOpen.Instance, TestActor);
        Assert.Null(ExpectMsg<PartitionOpened>().Failure);
        return partition;
    }

    private protected IActorRef Start(int epoch, (string, string)[] config, long logStart = 0)
    {
        PartitionServices services = new(_cache, _history, _wal.Ref, TestOptions.Of().Topics, _clock, NullLogger.Instance) { WalBound = TestOptions.Of().Storage.WalAppendBound, Metadata = _metadata ?? Sys.ActorOf(Props.Create(() => new AlwaysConfirming())) };
        OpenedPartition opened = new(Stream, new TopicPartition("t", 0), new LeaderEpoch(epoch), [new EpochStart(new LeaderEpoch(epoch), Offset.Zero)], new Offset(logStart), Offset.Zero);
        return Sys.ActorOf(Props.Create(() => new PartitionActor(opened, TestOptions.Topic(config), services)));
    }

    private protected void MakeDurable(IActorRef partition, WalAppend append)
    {
        PutIntoCache(append);
        partition.Tell(new WalAppended(append.Batch.LastOffset + 1, append.Generation), _wal.Ref);
    }

    /// <summary>What is durable is in the cache before its partition hears of it.</summary>
    private protected void PutIntoCache(WalAppend append) => _cache.Append(append.Stream, append.Batch with { Position = new WalPosition(++_position) });

    private protected ReadReply Read(IActorRef partition, long offset)
    {
        partition.Tell(new Read(default, new Offset(offset), int.MaxValue, -1, WatchBytes: 0), TestActor);
        return ExpectMsg<ReadReply>();
    }

    private protected Append Append(long requestKey, byte[] batch)
    {
        BufferLease frame = _buffers.Rent(batch.Length);
        batch.CopyTo(frame.Memory);
        return new Append(new ReplyTag(requestKey, 0), frame.Memory, frame);
    }

    private protected static byte[] Sequenced(int sequence, short epoch = 0) => TestBatches.Of(1, producerId: 9, producerEpoch: epoch, baseSequence: sequence);

    /// <summary>An empty store, whose producer state comes when the test says so.</summary>
    internal sealed class FakeHistory : IPartitionHistory
    {
        public TaskCompletionSource<ReadOnlyMemory<byte>> State { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsAway { get; set; }

        /// <summary>What happens while the store is searched.</summary>
        public Action? WhileSearched { get; set; }

        public Task<HistoryRead> ReadAsync(StreamId stream, Offset from, int maxBytes, CancellationToken cancellation) =>
            Task.FromException<HistoryRead>(new StorageException(StorageErrorKind.NotFound, "the store is empty"));

        public Task<ReadOnlyMemory<byte>?> FindByTimestampAsync(StreamId stream, long timestampMs, CancellationToken cancellation)
        {
            WhileSearched?.Invoke();
            return Task.FromResult<ReadOnlyMemory<byte>?>(null);
        }

        public long? MaxTimestampMs(StreamId stream) => null;

        public Offset CleanableEnd(StreamId stream, bool isCompacted) => Offset.Zero;

        public Task<ReadOnlyMemory<byte>> ReadProducerStateAsync(StreamId stream, CancellationToken cancellation) =>
            IsAway ? Task.FromException<ReadOnlyMemory<byte>>(new StorageException(StorageErrorKind.Unavailable, "away")) : State.Task;
    }

    private sealed class AlwaysConfirming : ReceiveActor
    {
        public AlwaysConfirming() => Receive<ConfirmMetadata>(_ => Sender.Tell(new MetadataConfirmed(IsKnown: true)));
    }
}
