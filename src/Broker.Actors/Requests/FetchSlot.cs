using Akka.Actor;
using Broker.Actors.Partitions;
using Broker.ObjectStore;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>One partition of a fetch: what was asked, and the newest answer.</summary>
internal sealed class FetchSlot(FetchResponse.PartitionData answer, IActorRef? leader, Offset from, int maxBytes, int leaderEpoch)
{
    public IActorRef? Leader => leader;

    public int MaxBytes => maxBytes;

    /// <summary>The newest answer, if there was one.</summary>
    public ReadReply? Reply { get; private set; }

    /// <summary>What is taken of the node's memory for it: as much as was asked for, then as much as came.</summary>
    public long TakenBytes { get; set; }

    /// <summary>How much was asked for; 0: only how the partition stands.</summary>
    public int AskedBytes { get; private set; }

    public bool IsReading { get; private set; }

    /// <summary>The partition was asked for word of more than was read.</summary>
    public bool IsWatching { get; set; }

    public bool HasRecords => Reply is { Records.IsEmpty: false };

    public bool HasFailed => leader is null || Reply is { Error: not ErrorCode.None };

    /// <summary>There are records that were not read, for want of room.</summary>
    public bool IsCutShort => AskedBytes == 0 && Reply is { Error: ErrorCode.None } reply && reply.HighWatermark > from;

    /// <summary>A read that gives up to so many bytes, or only how the partition stands (0).</summary>
    public Read Ask(ReplyTag tag, int bytes, bool watch)
    {
        (IsReading, IsWatching, AskedBytes) = (true, false, bytes);
        return new Read(tag, from, bytes, leaderEpoch, watch);
    }

    /// <summary>Takes an answer over in place of the one before.</summary>
    public void Take(ReadReply reply)
    {
        Drop();
        (Reply, IsReading) = (reply, false);
    }

    /// <summary>Gives up what the newest answer holds.</summary>
    public void Drop()
    {
        Reply?.Dispose();
        Reply = null;
    }

    /// <summary>Writes the newest answer into the response, with its records or without.</summary>
    public void Fill(bool withRecords)
    {
        if (Reply is not { } reply)
        {
            return;
        }

        answer.ErrorCode = (short)reply.Error;
        answer.HighWatermark = reply.Error == ErrorCode.None ? reply.HighWatermark.Value : -1;
        answer.LastStableOffset = answer.HighWatermark;
        answer.LogStartOffset = reply.Error == ErrorCode.None ? reply.LogStart.Value : -1;
        if (withRecords)
        {
            answer.Records = reply.Records;
        }
    }
}
