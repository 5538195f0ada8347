using Akka.Actor;
using Broker.Actors.Configuration;
using Broker.Actors.Metrics;
using Broker.ObjectStore;
using Broker.ObjectStore.Cache;
using Broker.ObjectStore.Metadata;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Partitions;

/// <summary>What a partition's actor works with.</summary>
/// <param name="Wal">The WAL stage's actor: takes <see cref="Storage.WalAppend"/>.</param>
internal sealed record PartitionServices(LogCache Cache, IPartitionHistory History, IActorRef Wal, TopicOptions Topics, TimeProvider Clock, ILogger Log)
{
    /// <summary>Shared by all partitions of the node.</summary>
    public RepeatedFaults Faults { get; } = new(Clock);

    /// <summary>What the write-ahead log takes.</summary>
    public required WalAppendBound WalBound { get; init; }

    /// <summary>The node's <see cref="Coordination.MetadataClientActor"/>.</summary>
    public required IActorRef Metadata { get; init; }

    /// <summary>Where what clients wrote is counted.</summary>
    public ClientTraffic Traffic { get; init; } = new();
}

/// <summary>A partition as the coordinator opened it on this node.</summary>
/// <param name="LogStart">The first offset that may be read.</param>
/// <param name="UploadedEnd">The offset behind the last record that is in the object store; what follows is in the cache.</param>
internal sealed record OpenedPartition(StreamId Stream, TopicPartition Name, LeaderEpoch Epoch, IReadOnlyList<EpochStart> Epochs, Offset LogStart, Offset UploadedEnd)
{
    /// <summary>Where what goes in and out of it is counted.</summary>
    public PartitionLoad Load { get; init; } = new();
}

/// <summary>What of a partition's log lies in the object store. Thread-safe.</summary>
internal interface IPartitionHistory
{
    /// <summary>Whole record batches from the one that holds <paramref name="from"/> on; at least one, however large.</summary>
    /// <exception cref="StorageException">NotFound: the offset is not in the store. Corrupt, Unavailable: as they say.</exception>
    Task<HistoryRead> ReadAsync(StreamId stream, Offset from, int maxBytes, CancellationToken cancellation);

    /// <summary>The first batch, in offset order, whose highest timestamp is at least <paramref name="timestampMs"/>; null when none is.</summary>
    Task<ReadOnlyMemory<byte>?> FindByTimestampAsync(StreamId stream, long timestampMs, CancellationToken cancellation);

    /// <summary>The highest timestamp in the store, null when the store has no record of the stream.</summary>
    long? MaxTimestampMs(StreamId stream);

    /// <summary>
    /// Up to where a cleaning may have left less in the store than the log cache has, so that the store alone answers (D7): what is uploaded of a compacted topic, or of one that was. Zero for all
    /// others.
    /// </summary>
    Offset CleanableEnd(StreamId stream, bool isCompacted);

    /// <summary>The producer state stored with the newest section; empty when there is none.</summary>
    Task<ReadOnlyMemory<byte>> ReadProducerStateAsync(StreamId stream, CancellationToken cancellation);
}

/// <summary>Whole record batches out of the store.</summary>
/// <param name="Records">Valid until <paramref name="Resources"/> are disposed.</param>
/// <param name="Resources">What holds the memory; its receiver disposes it.</param>
/// <param name="HeldBytes">What that memory is: the blocks that the records lie in.</param>
/// <param name="Next">The offset after the last batch.</param>
internal sealed record HistoryRead(System.Buffers.ReadOnlySequence<byte> Records, IDisposable Resources, long HeldBytes, Offset Next);
