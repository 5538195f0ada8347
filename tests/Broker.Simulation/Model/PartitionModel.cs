namespace Broker.Simulation.Model;

/// <summary>What is known of one partition.</summary>
internal sealed class PartitionModel(LogModel model, TopicModel topic, int index)
{
    private readonly Dictionary<long, KnownRecord> _known = [];
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
    public void Read(FetchedRecord record)
    {
        model.Read++;
        See(record.Offset, record.Id, record.TimestampMs);
        if (record.Key != topic.Rules.KeyOf(record.Id) || record.IsTombstone != _known[record.Offset].IsTombstone)
        {
            throw new ViolationException($"L4: {record.Id} in {Name} was not sent with key {record.Key}, or without a value");
        }
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
    public void Whole(IReadOnlyList<FetchedRecord> records, long start, long end)
    {
        if (topic.Rules.IsCompacted)
        {
            new CompactedLog(Name, topic.Rules, _known).Check(records.Select(record => record.Offset), start, NowMs);
        }
        else
        {
            CheckGaps(records, start, end);
        }

        foreach (IGrouping<int, FetchedRecord> written in records.GroupBy(record => record.Id.Writer).Where(written => model.WriterOf(written.First().Id).IsIdempotent))
        {
            CheckOrder(model.WriterOf(written.First().Id), [.. written.Select(record => record.Id)], start);
        }
    }

    /// <summary>For a reader that begins.</summary>
    public SeenKeys NewReader() => new(Name, topic.Rules, _known);

    /// <summary>A key that has two records among those that are there; null when none has.</summary>
    public int? KeyThatIsThereTwice(IReadOnlyList<FetchedRecord> records) => new CompactedLog(Name, topic.Rules, _known).KeyThatIsThereTwice(records.Select(record => record.Offset));

    public long NowMs => model.World.Outside.Clock.GetUtcNow().ToUnixTimeMilliseconds();

    private void CheckGaps(IReadOnlyList<FetchedRecord> records, long start, long end)
    {
        long next = start;
        foreach (FetchedRecord record in records)
        {
            if (record.Offset != next++)
            {
                throw new ViolationException($"L1: {Name} has a gap: offset {record.Offset} came where {next - 1} was due");
            }
        }

        if (next != end)
        {
            throw new ViolationException($"L1: {Name} was read to {next}, but ends at {end}");
        }
    }

    private void CheckOrder(RecordWriter writer, RecordId[] ids, long start)
    {
        bool isCompacted = topic.Rules.IsCompacted;
        for (int i = 1; i < ids.Length; i++)
        {
            if (isCompacted ? ids[i].Number <= ids[i - 1].Number : ids[i].Number != ids[i - 1].Number + 1)
            {
                throw new ViolationException($"L2: in {Name}, {ids[i]} follows {ids[i - 1]}");
            }
        }

        if (isCompacted)
        {
            return;
        }

        if ((start == 0 && ids[0].Number != 0) || ids[^1].Number + 1 < writer.Acknowledged)
        {
            throw new ViolationException($"L2: {Name} holds {ids[0]} to {ids[^1]}; {writer.Acknowledged} were acknowledged");
        }
    }

    private void See(long offset, RecordId id, long timestampMs)
    {
        RecordWriter writer = model.WriterOf(id);
        if (_known.TryGetValue(offset, out KnownRecord before))
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

        _known.Add(offset, new KnownRecord(id, timestampMs, topic.Rules.IsTombstone(id, writer)));
        End = Math.Max(End, offset + 1);
    }

    private void MoveStart(long start)
    {
        (long nowMs, long retentionMs) = (NowMs, topic.Rules.IsDeleted ? topic.Rules.RetentionMs : -1);
        for (long offset = Start; offset < start; offset++)
        {
            bool isExpired = retentionMs >= 0 && (!_known.TryGetValue(offset, out KnownRecord record) || record.TimestampMs < nowMs - retentionMs);
            if (!isExpired && offset >= _freeBefore)
            {
                throw new ViolationException($"L6: {Name} begins at {start}, and offset {offset} is gone before its time");
            }
        }

        Start = start;
        End = Math.Max(End, start);
    }
}
