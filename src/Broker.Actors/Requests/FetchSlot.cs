using Akka.Actor;
using Broker.Actors.Partitions;
using Broker.ObjectStore;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>One partition of a fetch: what was asked, and the newest answer.</summary>
internal sealed class FetchSlot(FetchResponse.PartitionData answer, IActorRef? leader, Offset from, int maxBytes, int leaderEpoch)
{
    private long _askedWatchBytes;

    public IActorRef? Leader => leader;

    public int MaxBytes => maxBytes;

    /// <summary>The newest answer, if there was one.</summary>
    public ReadReply? Reply { get; private set; }

    /// <summary>What is taken of the node's memory for it: as much as was asked for, then as much as came.</summary>
    public long TakenBytes { get; set; }

    /// <summary>How much was asked for; 0: only how the partition stands.</summary>
    public int AskedBytes { get; private set; }

    public bool IsReading { get; private set; }

    /// <summary>The partition will send word when it has so many bytes more than was read, or than it last sent word of; 0: it will not.</summary>
    public long WatchedBytes { get; private set; }

    /// <summary>What the partition has beyond what was read, as far as it sent word of it.</summary>
    public long MoreBytes { get; private set; }

    public bool HasRecords => Reply is { Records.IsEmpty: false };

    /// <summary>The partition could not be read, or is led elsewhere. One that does not exist fails no fetch: as in Kafka, the others are waited for.</summary>
    public bool HasFailed => Reply is { Error: not ErrorCode.None } || answer.ErrorCode == (short)ErrorCode.NotLeaderOrFollower;

    /// <summary>It may have more than is known here.</summary>
    public bool MayHaveMore => MoreBytes > 0 || WatchedBytes > 1;

    /// <summary>There are records that were not read, for want of room.</summary>
    public bool IsCutShort => AskedBytes == 0 && Reply is { Error: ErrorCode.None } reply && reply.HighWatermark > from;

    /// <summary>A read that gives up to so many bytes, or only how the partition stands (0); when it finds nothing, word comes of so many bytes.</summary>
    public Read Ask(ReplyTag tag, int bytes, long watchBytes)
    {
        (IsReading, MoreBytes, AskedBytes, _askedWatchBytes) = (true, 0, bytes, watchBytes);
        return new Read(tag, from, bytes, leaderEpoch, watchBytes);
    }

    /// <summary>Asks for word of so many bytes more.</summary>
    public Watch AskForMore(ReplyTag tag, long bytes)
    {
        WatchedBytes = bytes;
        return new Watch(tag, Reply!.Mark + MoreBytes + bytes);
    }

    /// <summary>The partition sent word of how far it has come.</summary>
    public void Advance(long mark)
    {
        WatchedBytes = 0;

        // A sum of these stays a number, also when all partitions say that they are to be read anew.
        MoreBytes = Math.Min(mark - (Reply?.Mark ?? 0), int.MaxValue);
    }

    /// <summary>Takes an answer over in place of the one before.</summary>
    public void Take(ReadReply reply)
    {
        Drop();
        (Reply, IsReading) = (reply, false);
        WatchedBytes = _askedWatchBytes > 0 && reply.Records.IsEmpty && reply.Error == ErrorCode.None ? _askedWatchBytes : WatchedBytes;
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
