using System.Buffers;
using Broker.Actors.Configuration;
using Broker.Actors.Connections;
using Broker.ObjectStore;
using Broker.ObjectStore.Buffers;
using Broker.Wire;

namespace Broker.Actors.Partitions;

/// <summary>Names one partition of one request in messages, and so in their replies.</summary>
/// <param name="RequestKey">The request within its connection.</param>
/// <param name="Index">The partition within the request.</param>
public readonly record struct ReplyTag(long RequestKey, int Index);

/// <summary>
/// Appends one record batch. Answered with <see cref="AppendReply"/> once it is durable or refused.
/// </summary>
/// <param name="Records">Points into <paramref name="Frame"/>; the partition writes offsets and epoch into it.</param>
/// <param name="Frame">Taken over: one reference belongs to the message.</param>
/// <param name="IsInternal">The broker's own records (group offsets): exempt from what only clients are held to.</param>
public sealed record Append(ReplyTag Tag, Memory<byte> Records, BufferLease Frame, bool IsInternal = false);

/// <param name="BaseOffset">The first record's offset, -1 on error.</param>
/// <param name="LogAppendTimeMs">When the topic stamps records itself: the stamp; else -1.</param>
public sealed record AppendReply(ReplyTag Tag, ErrorCode Error, long BaseOffset, long LogAppendTimeMs, long LogStartOffset, string? Message = null) : IRequestReply
{
    public long RequestKey => Tag.RequestKey;

    /// <summary>The records for which the whole batch was refused, where single ones are to blame.</summary>
    public IReadOnlyList<RecordError> Records { get; init; } = [];
}

/// <summary>What is wrong with one record of a batch (KIP-467).</summary>
/// <param name="Index">Which, counted from 0 within the batch.</param>
public readonly record struct RecordError(int Index, string Message);

/// <summary>Reads record batches from an offset on. Answered with <see cref="ReadReply"/>.</summary>
/// <param name="MaxBytes">The first batch comes however large it is; 0: no records, only how the partition stands.</param>
/// <param name="LeaderEpoch">The epoch the client knows, -1 for none (KIP-320).</param>
/// <param name="WatchBytes">When there is nothing to read yet: one <see cref="Advanced"/> is sent when there are so many bytes; 0: none.</param>
public sealed record Read(ReplyTag Tag, Offset From, int MaxBytes, int LeaderEpoch, long WatchBytes);

/// <summary>Whole record batches, the first of which holds the offset that was asked for. Whoever gets it disposes it.</summary>
public sealed record ReadReply(ReplyTag Tag, ErrorCode Error, Offset HighWatermark, Offset LogStart, ReadOnlySequence<byte> Records, IDisposable? Resources) : IRequestReply, IDisposable
{
    public long RequestKey => Tag.RequestKey;

    /// <summary>How far the partition had come (<see cref="Watchers.Mark"/>): what a <see cref="Watch"/> for more counts from.</summary>
    public long Mark { get; init; }

    /// <summary>Bytes of memory that it keeps from other use: whole blocks, where records were read back from the store.</summary>
    public long HeldBytes { get; init; } = Records.Length;

    /// <summary>How many offsets lie between the one that was asked for and the end of the records.</summary>
    public long Offsets { get; init; }

    /// <summary>Of an error because records are damaged or lost: the offset after the last of them. Null: of any other.</summary>
    public Offset? UnreadableEnd { get; init; }

    public void Dispose() => Resources?.Dispose();
}

/// <summary>Asks for one <see cref="Advanced"/> when the partition has come to <paramref name="DueMark"/>.</summary>
public sealed record Watch(ReplyTag Tag, long DueMark);

/// <summary>There is as much to read as a <see cref="Read"/> or a <see cref="Watch"/> asked to be told of.</summary>
/// <param name="Mark">How far the partition has come.</param>
public sealed record Advanced(ReplyTag Tag, long Mark) : IRequestReply
{
    public long RequestKey => Tag.RequestKey;
}

/// <summary>The sender's request no longer waits for <see cref="Advanced"/>.</summary>
public sealed record Unwatch(long RequestKey);

/// <summary>Asks for an offset by timestamp (ms) or by one of ListOffsets' negative names. Answered with <see cref="OffsetReply"/>.</summary>
public sealed record LookUpOffset(ReplyTag Tag, long Timestamp, int LeaderEpoch);

/// <param name="TimestampMs">Of the record found, -1 when the answer is not a record.</param>
/// <param name="Offset">-1 when no record is there.</param>
public sealed record OffsetReply(ReplyTag Tag, ErrorCode Error, long TimestampMs, long Offset, int LeaderEpoch) : IRequestReply
{
    public long RequestKey => Tag.RequestKey;
}

/// <summary>
/// Asks for the partition's producer state as bytes, for an upload. Answered with <see cref="ProducerState"/> once the
/// partition has heard that everything below <paramref name="End"/> is durable: the state then holds what the upload does.
/// </summary>
public sealed record CaptureProducerState(Offset End);

/// <param name="Bytes">As <see cref="ProducerStateCodec"/> writes it.</param>
public sealed record ProducerState(ReadOnlyMemory<byte> Bytes);

/// <summary>Asks whether the partition serves. Answered with <see cref="PartitionOpened"/> as soon as it does.</summary>
public sealed record AwaitOpen
{
    public static readonly AwaitOpen Instance = new();
}

/// <param name="Failure">Null when the partition serves.</param>
public sealed record PartitionOpened(StreamId Stream, Exception? Failure);

/// <summary>The topic's settings changed.</summary>
public sealed record TopicConfigChanged(TopicConfig Config);

/// <summary>Records below an offset are gone (retention, DeleteRecords).</summary>
public sealed record LogStartMoved(Offset LogStart);
