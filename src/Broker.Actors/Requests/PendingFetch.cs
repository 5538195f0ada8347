using Akka.Actor;
using Broker.Actors.Connections;
using Broker.Actors.Coordination;
using Broker.Actors.Metrics;
using Broker.Actors.Partitions;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>What bounds a fetch.</summary>
/// <param name="MinBytes">It waits for so many bytes of records.</param>
/// <param name="MaxBytes">And returns no more, but for a first batch (KIP-74).</param>
/// <param name="MaxWait">How long it waits.</param>
internal readonly record struct FetchLimits(int MinBytes, int MaxBytes, TimeSpan MaxWait);

/// <summary>
/// A fetch in progress: reads its partitions in their order, as far as its size and the node's memory for responses go, and answers when there are
/// min.bytes, no more room, an error, or no time left. While it waits it holds no thread: partitions send word when they have more.
/// <para>F1. What it holds or has asked for is taken from <see cref="ResponseMemory"/> first; only a first batch may exceed it.</para>
/// <para>F2. A fetch of partitions with records gets one batch at least, however full the memory is (KIP-74).</para>
/// <para>F3. It is answered before a quarter more than min.bytes is there; of one partition, exactly then. Until its time it hears of few of the appends.</para>
/// </summary>
internal sealed class PendingFetch(RequestExchange exchange, FetchResponse response, FetchLimits limits, ResponseMemory memory, ClientTraffic traffic, MetadataView metadata, IScheduler scheduler) : PendingRequest
{
    private const short FirstWithLeaders = 16;

    private readonly List<FetchSlot> _slots = [];
    private readonly Queue<int> _toAsk = new();
    private ICancelable? _timeout;
    private bool _timeIsUp;
    private int _reading;
    private long _askedBytes;
    private long _recordBytes;

    /// <summary>What partitions have beyond what was read, as far as they sent word of it.</summary>
    private long _moreBytes;

    public void Add(FetchSlot slot)
    {
        _toAsk.Enqueue(_slots.Count);
        _slots.Add(slot);
    }

    /// <summary>Asks the partitions. Their answers, and the time-out, come as replies.</summary>
    public override void Start() => GoOn();

    public override void OnReply(IRequestReply reply)
    {
        switch (reply)
        {
            case ReadReply read:
                TakeRead(read);
                break;
            case Advanced advanced:
                OnAdvanced(_slots[advanced.Tag.Index], advanced);
                break;
            case FetchTimeIsUp:
                _timeIsUp = true;
                ReadAgain(slot => slot.MayHaveMore);
                break;
        }
    }

    public override void Abandon()
    {
        StopWaiting();
        new FetchedRecords(_slots, memory).Dispose();
    }

    private bool Waits => limits.MaxWait > TimeSpan.Zero;

    /// <summary>Asks what there is room for; answers when nothing is left to ask or to wait for.</summary>
    private void GoOn()
    {
        while (_toAsk.TryPeek(out int index) && TryAsk(index))
        {
            _toAsk.Dequeue();
        }

        if (_reading > 0)
        {
            return;
        }

        if (_timeIsUp || !Waits || _recordBytes >= limits.MinBytes || _slots.TrueForAll(slot => slot.Leader is null) || _slots.Exists(slot => slot.HasFailed || slot.IsCutShort))
        {
            Answer();
        }
        else
        {
            WatchForMore();
            _timeout ??= scheduler.ScheduleTellOnceCancelable(limits.MaxWait, exchange.Connection, new FetchTimeIsUp(exchange.Key), ActorRefs.NoSender);
        }
    }

    /// <summary>Asks a partition; false while room may still come with an answer that is on its way.</summary>
    private bool TryAsk(int index)
    {
        FetchSlot slot = _slots[index];
        if (slot.Leader is null)
        {
            return true;
        }

        long room = limits.MaxBytes - _recordBytes - _askedBytes;
        long bytes = room > 0 ? memory.TakeUpTo(Math.Min(room, slot.MaxBytes)) : 0;
        if (bytes == 0 && _reading > 0)
        {
            return false;
        }

        if (bytes == 0 && _recordBytes == 0)
        {
            // F2: nothing was found so far and nothing is on its way.
            bytes = 1;
            memory.Take(bytes);
        }

        slot.TakenBytes = bytes;
        _askedBytes += bytes;
        _reading++;
        _moreBytes -= slot.MoreBytes;
        slot.Leader.Tell(slot.Ask(new ReplyTag(exchange.Key, index), (int)bytes, Waits && !_timeIsUp ? WatchShare : 0), exchange.Connection);
        return true;
    }

    private void TakeRead(ReadReply read)
    {
        FetchSlot slot = _slots[read.Tag.Index];
        _reading--;
        _askedBytes -= slot.AskedBytes;
        _recordBytes += read.Records.Length;
        slot.Take(read);
        Resize(slot, read.HeldBytes);
        GoOn();
    }

    private void OnAdvanced(FetchSlot slot, Advanced advanced)
    {
        if (slot.IsReading)
        {
            return;
        }

        _moreBytes -= slot.MoreBytes;
        slot.Advance(advanced.Mark);
        _moreBytes += slot.MoreBytes;
        if (MissingBytes <= 0)
        {
            ReadAgain(some => some.MoreBytes > 0);
        }
        else
        {
            slot.Leader!.Tell(slot.AskForMore(advanced.Tag, WatchShare), exchange.Connection);
        }
    }

    /// <summary>Partitions have more than before: what was read of them is read anew, and the fetch goes on with that.</summary>
    private void ReadAgain(Predicate<FetchSlot> isRead)
    {
        for (int i = 0; i < _slots.Count; i++)
        {
            FetchSlot slot = _slots[i];
            if (slot.Leader is not null && !slot.IsReading && !_toAsk.Contains(i) && isRead(slot))
            {
                _recordBytes -= slot.Reply?.Records.Length ?? 0;
                slot.Drop();
                Resize(slot, 0);
                _toAsk.Enqueue(i);
            }
        }

        GoOn();
    }

    /// <summary>What is still missing to min.bytes, beside what was read and what partitions sent word of.</summary>
    private long MissingBytes => limits.MinBytes - _recordBytes - _moreBytes;

    /// <summary>
    /// F3. Of how much more a partition sends word: of all that is missing when it is the only one; else of so little that the fetch is answered before a
    /// quarter more than min.bytes is there, and of so much that a fetch for a megabyte does not hear of each record.
    /// </summary>
    private long WatchShare => _slots.Count == 1
        ? Math.Max(1, MissingBytes)
        : Math.Max(1, Math.Max(MissingBytes, limits.MinBytes / 2) / (4L * _slots.Count));

    private void Resize(FetchSlot slot, long bytes)
    {
        memory.Take(bytes - slot.TakenBytes);
        slot.TakenBytes = bytes;
    }

    // Where a read found nothing the partition sends word by itself; where it found too little, only when asked.
    private void WatchForMore()
    {
        for (int i = 0; i < _slots.Count; i++)
        {
            if (_slots[i] is { WatchedBytes: 0, Reply: not null, Leader: { } leader } slot)
            {
                leader.Tell(slot.AskForMore(new ReplyTag(exchange.Key, i), WatchShare), exchange.Connection);
            }
        }
    }

    private void Answer()
    {
        StopWaiting();
        long room = limits.MaxBytes;
        bool isFirst = true;
        (long bytes, long records) = (0, 0);
        foreach (FetchSlot slot in _slots)
        {
            // KIP-74: the first partition with data answers even when its first batch alone is larger than asked for; no other does.
            bool fits = slot.HasRecords && (isFirst || slot.Reply!.Records.Length <= Math.Min(room, slot.MaxBytes));
            slot.Fill(fits);
            bytes += fits ? slot.Reply!.Records.Length : 0;
            records += fits ? slot.Reply!.Offsets : 0;
            room = limits.MaxBytes - bytes;
            isFirst &= !fits;
        }

        NameLeaders();
        traffic.Fetched(bytes, records);
        exchange.Respond(response, new FetchedRecords(_slots, memory));
    }

    private void NameLeaders()
    {
        if (exchange.ApiVersion < FirstWithLeaders || !_slots.Exists(slot => slot.HasFailed))
        {
            return;
        }

        NextLeaders leaders = new(metadata.Current, exchange.Client.ListenerName);
        foreach (FetchResponse.FetchableTopicResponse topic in response.Responses)
        {
            foreach (FetchResponse.PartitionData partition in topic.Partitions.Where(one => (ErrorCode)one.ErrorCode is ErrorCode.NotLeaderOrFollower or ErrorCode.FencedLeaderEpoch))
            {
                if (leaders.Name(topic.TopicId, topic.Topic, partition.PartitionIndex) is var (leader, epoch))
                {
                    partition.CurrentLeader = new FetchResponse.LeaderIdAndEpoch { LeaderId = leader, LeaderEpoch = epoch };
                }
            }
        }

        response.NodeEndpoints.AddRange(leaders.Nodes.Select(node => new FetchResponse.NodeEndpoint { NodeId = node.NodeId, Host = node.Host, Port = node.Port, Rack = node.Rack }));
    }

    private void StopWaiting()
    {
        _timeout?.Cancel();
        if (Waits)
        {
            foreach (FetchSlot slot in _slots.Where(slot => slot.WatchedBytes > 0))
            {
                slot.Leader!.Tell(new Unwatch(exchange.Key), exchange.Connection);
            }
        }
    }

    private sealed record FetchTimeIsUp(long RequestKey) : IRequestReply;

    private sealed class FetchedRecords(List<FetchSlot> slots, ResponseMemory memory) : IDisposable
    {
        public void Dispose()
        {
            foreach (FetchSlot slot in slots)
            {
                slot.Drop();
                memory.Release(slot.TakenBytes);
            }
        }
    }
}
