namespace Broker.Simulation.Model;

/// <summary>What is known of one partition.</summary>
internal sealed class PartitionModel(LogModel model, TopicModel topic, int index)
{
    private readonly Dictionary<long, (RecordId Id, long TimestampMs)> _known = [];
    private readonly Dictionary<RecordId, long> _places = [];
    private long _freeBefore;
    private long _freeBeforeAsked;

    public TopicModel Topic => topic;

    public int Index => index;

    public string Name => $"{topic.Name}-{index}";

    /// <summary>Offsets below were acknowledged or read.</summary>
    public long End { get; private set; }

    /// <summary>Where the log begins, as far as was seen.</summary>
    public long Start { get; private set; }

    /// <summary>The deletion of what stands before an offset is asked for; null: of all that stands there when the request arrives, which the answer tells.</summary>
    public void AskToDelete(long? before) => (_freeBeforeAsked, _freeBefore) = (_freeBefore, Math.Max(_freeBefore, before ?? long.MaxValue));

    /// <summary>
    /// The deletion that was asked for last was confirmed: that of what stood before <paramref name="before"/>, or to the end, of what stood before it when it was asked
    /// for and may be more.
    /// </summary>
    public void Deleted(long before, bool isToTheEnd, long lowWatermark)
    {
        if (lowWatermark < before)
        {
            throw new ViolationException($"L5: {Name} begins at {lowWatermark}, and what stood before {before} was to be deleted");
        }

        if (isToTheEnd)
        {
            // Only now is known which end that was; unless a request before has had no clear answer, and may yet arrive.
            _freeBefore = Math.Max(_freeBeforeAsked, lowWatermark);
        }

        if (lowWatermark > Start)
        {
            MoveStart(lowWatermark);
        }
    }

    /// <summary>A batch was acknowledged.</summary>
    public void Acknowledge(RecordWriter writer, int firstNumber, int count, long baseOffset, long timestampMs)
    {
        for (int i = 0; i < count; i++)
        {
            See(baseOffset + i, new RecordId(writer.Number, firstNumber + i), timestampMs);
        }

        if (writer.IsIdempotent)
        {
            writer.Acknowledged = Math.Max(writer.Acknowledged, firstNumber + count);
        }

        model.Acknowledged += count;
    }

    /// <summary>A record was read.</summary>
    public void Read(long offset, RecordId id, long timestampMs)
    {
        model.Read++;
        See(offset, id, timestampMs);
    }

    /// <summary>The newest run of the node said where the log begins and ends, to a question that was asked when it was known to end at <paramref name="knownEnd"/> and begin at <paramref name="knownStart"/>.</summary>
    public void Bounds(long start, long highWatermark, long knownStart, long knownEnd)
    {
        if (highWatermark < knownEnd)
        {
            throw new ViolationException($"L1: {Name} ends at {highWatermark}, but {knownEnd - 1} was acknowledged or read before");
        }

        Begins(start, knownStart);
    }

    /// <summary>The newest run said where the log begins.</summary>
    public void Begins(long start, long knownStart)
    {
        if (start < knownStart)
        {
            throw new ViolationException($"L5: {Name} begins at {start} again, it had begun at {knownStart}");
        }

        if (start > Start)
        {
            MoveStart(start);
        }
    }

    /// <summary>Everything that the partition holds, read from its start to its end.</summary>
    public void Whole(IReadOnlyList<(long Offset, RecordId Id)> records, long start, long end)
    {
        long next = start;
        foreach ((long offset, _) in records)
        {
            if (offset != next++)
            {
                throw new ViolationException($"L1: {Name} has a gap: offset {offset} came where {next - 1} was due");
            }
        }

        if (next != end)
        {
            throw new ViolationException($"L1: {Name} was read to {next}, but ends at {end}");
        }

        foreach (IGrouping<int, (long Offset, RecordId Id)> written in records.GroupBy(record => record.Id.Writer))
        {
            CheckOrder([.. written.Select(record => record.Id)], start);
        }
    }

    private void CheckOrder(RecordId[] ids, long start)
    {
        RecordWriter writer = model.WriterOf(ids[0]);
        if (!writer.IsIdempotent)
        {
            return;
        }

        for (int i = 1; i < ids.Length; i++)
        {
            if (ids[i].Number != ids[i - 1].Number + 1)
            {
                throw new ViolationException($"L2: in {Name}, {ids[i]} follows {ids[i - 1]}");
            }
        }

        if ((start == 0 && ids[0].Number != 0) || ids[^1].Number + 1 < writer.Acknowledged)
        {
            throw new ViolationException($"L2: {Name} holds {ids[0]} to {ids[^1]}; {writer.Acknowledged} were acknowledged");
        }
    }

    private void See(long offset, RecordId id, long timestampMs)
    {
        RecordWriter writer = model.WriterOf(id);
        if (_known.TryGetValue(offset, out (RecordId Id, long TimestampMs) before))
        {
            if (before.Id != id)
            {
                throw new ViolationException($"L3: offset {offset} of {Name} held {before.Id}, and now {id}");
            }

            return;
        }

        if (writer.IsIdempotent && !_places.TryAdd(id, offset))
        {
            throw new ViolationException($"L2: {id} stands at {_places[id]} and at {offset} of {Name}");
        }

        _known.Add(offset, (id, timestampMs));
        End = Math.Max(End, offset + 1);
    }

    private void MoveStart(long start)
    {
        long nowMs = model.World.Outside.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        for (long offset = Start; offset < start; offset++)
        {
            bool isExpired = topic.RetentionMs >= 0 && (!_known.TryGetValue(offset, out (RecordId Id, long TimestampMs) record) || record.TimestampMs < nowMs - topic.RetentionMs);
            if (!isExpired && offset >= _freeBefore)
            {
                throw new ViolationException($"L6: {Name} begins at {start}, and offset {offset} is gone before its time");
            }
        }

        Start = start;
        End = Math.Max(End, start);
    }
}
