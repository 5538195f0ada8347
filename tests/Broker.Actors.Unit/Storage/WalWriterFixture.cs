using Akka.Actor;
using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.ObjectStore.Cache;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Actors.Unit.Storage;

/// <summary>The WAL stage's actor on a log whose writes wait for the test.</summary>
public abstract class WalWriterFixture : ActorTest
{
    private protected const int BatchBytes = 1000;
    private protected static readonly StreamId First = new(1);
    private protected static readonly StreamId Second = new(2);
    private protected static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(150);
    private protected readonly HeldWal _wal = new();
    private protected readonly System.Collections.Concurrent.ConcurrentBag<Exception> _fenced = [];
    private protected readonly BufferPool _buffers = new(new BufferPoolOptions());
    private protected readonly LogCache _cache = new(new LogCacheOptions(), TimeProvider.System);
    private protected readonly StorageOptions _options = TestOptions.Of().Storage;

    // Buffers are somewhat larger.
    private protected long HeldBatches => _buffers.OutstandingBytes / BatchBytes;

    private protected IActorRef Start(StorageOptions? options = null, Action<Exception>? onFenced = null)
    {
        StorageOptions used = options ?? _options;
        return Sys.ActorOf(WalWriterActor.Props(_wal, _cache, used, NullLogger.Instance, onFenced ?? _fenced.Add, TimeProvider.System));
    }

    private protected WalAppend Append(StreamId stream, long offset, int generation = 0, int epoch = 0)
    {
        BufferLease lease = _buffers.Rent(BatchBytes);
        return new WalAppend(stream, new CachedBatch(new Offset(offset), new Offset(offset), new LeaderEpoch(epoch), 0, lease.Memory, Broker.Wire.Records.Crc32C.Compute(lease.Memory.Span), lease, default), generation);
    }
}
