using Akka.Actor;
using Broker.Actors.Partitions;
using Broker.ObjectStore;
using Broker.Wire;
using Broker.Wire.Messages;
using Broker.Wire.Records;

namespace Broker.Actors.Groups;

/// <summary>
/// Reads a partition of <c>__consumer_offsets</c> from its start to its end; later records win. What is damaged or lost is passed over, like what a consumer seeks beyond: a group whose
/// newest commit lay there goes on from the one before, and all others must not wait for it.
/// </summary>
internal sealed class GroupLoader(IActorRef partition, IActorRef self)
{
    private const int ReadBytes = 4 << 20;

    // The coordinator's own batches are small; this only keeps a damaged one from asking for more.
    private const int MaxBatchBytes = 256 << 20;

    private Offset _next = Offset.Zero;

    public Dictionary<string, CommittedOffsets> Offsets { get; } = [];

    public Dictionary<string, GroupMetadataValue> Groups { get; } = [];

    /// <summary>Asks for the next piece; the answer comes to the coordinator as <see cref="ReadReply"/>.</summary>
    public void ReadNext() => partition.Tell(new Read(default, _next, ReadBytes, LeaderEpoch: -1, WatchBytes: 0), self);

    /// <summary>Whether the answer brings the loading on: records, or that those before the log's start are deleted, or that some cannot be read.</summary>
    public bool CanTake(ReadReply reply) => reply.Error == ErrorCode.None || (reply.Error == ErrorCode.OffsetOutOfRange && reply.LogStart > _next) || Unreadable(reply) is not null;

    /// <summary>The offsets, the last one exclusive, that the answer says cannot be read; null: none.</summary>
    public (Offset From, Offset End)? Unreadable(ReadReply reply) => reply.Error != ErrorCode.None && reply.UnreadableEnd is { } end && end > _next ? (_next, end) : null;

    /// <summary>Takes what was read; true when that was the end.</summary>
    public bool Take(ReadReply reply)
    {
        if (reply.Error == ErrorCode.OffsetOutOfRange)
        {
            _next = reply.LogStart;
            return false;
        }

        if (Unreadable(reply) is var (_, end))
        {
            _next = end;
            return _next >= reply.HighWatermark;
        }

        foreach (ReadOnlyMemory<byte> batch in Sequences.Batches(reply.Records))
        {
            TakeBatch(batch);
            _next = new Offset(new RecordBatchView(batch.Span).NextOffset);
        }

        return _next >= reply.HighWatermark;
    }

    private void TakeBatch(ReadOnlyMemory<byte> batch)
    {
        if (new RecordBatchView(batch.Span).IsControl)
        {
            return;
        }

        using RecordReader reader = RecordReader.Open(batch, MaxBatchBytes);
        while (reader.TryRead(out Record record))
        {
            if (record.Key is { } key)
            {
                Apply(GroupRecords.Decode(key, record.Value));
            }
        }
    }

    private void Apply(GroupRecord? record)
    {
        switch (record)
        {
            case GroupRecord.Offset { Value: { } value } offset:
                if (!Offsets.TryGetValue(offset.GroupId, out CommittedOffsets? offsets))
                {
                    Offsets[offset.GroupId] = offsets = new CommittedOffsets();
                }

                offsets.Set(offset.Partition, value);
                break;
            case GroupRecord.Offset gone:
                RemoveOffset(gone);
                break;
            case GroupRecord.Group { Value: { } value } group:
                Groups[group.GroupId] = value;
                break;
            case GroupRecord.Group gone:
                Groups.Remove(gone.GroupId);
                break;
        }
    }

    private void RemoveOffset(GroupRecord.Offset gone)
    {
        if (Offsets.TryGetValue(gone.GroupId, out CommittedOffsets? offsets))
        {
            offsets.Remove(gone.Partition);
            if (offsets.Count == 0)
            {
                Offsets.Remove(gone.GroupId);
            }
        }
    }
}
