using Akka.Actor;
using Broker.Actors.Connections;
using Broker.Actors.Partitions;
using Broker.ObjectStore;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Actors.Requests;

/// <summary>One partition of a fetch: what was asked, and the newest answer.</summary>
internal sealed class FetchSlot(FetchResponse.PartitionData answer, IActorRef? leader, Offset from, int maxBytes, int leaderEpoch)
{
    public FetchResponse.PartitionData Answer => answer;

    public IActorRef? Leader => leader;

    public ReadReply? Reply { get; set; }

    public bool IsReading { get; set; }

    /// <summary>The partition was asked for word of more than was read.</summary>
    public bool IsWatching { get; set; }

    public Read Ask(ReplyTag tag, bool watch) => new(tag, from, maxBytes, leaderEpoch, watch);
}

/// <summary>
/// A fetch in progress: reads all its partitions, and answers when there are min.bytes, an error, or no time left.
/// While it waits it holds no thread: partitions send word when they have more.
/// </summary>
internal sealed class PendingFetch(RequestExchange exchange, FetchResponse response, int minBytes, int maxBytes, TimeSpan maxWait, IScheduler scheduler) : PendingRequest
{
    private readonly List<FetchSlot> _slots = [];
    private ICancelable? _timeout;
    private bool _timeIsUp;
    private int _reading;

    public int Add(FetchSlot slot)
    {
        _slots.Add(slot);
        return _slots.Count - 1;
    }

    /// <summary>Asks the partitions. Their answers, and the time-out, come as replies.</summary>
    public void Start()
    {
        for (int i = 0; i < _slots.Count; i++)
        {
            ReadSlot(i);
        }

        if (_reading == 0)
        {
            AnswerIfReady();
        }
    }

    public override void OnReply(IRequestReply reply)
    {
        switch (reply)
        {
            case ReadReply read:
                TakeRead(read);
                break;
            case Advanced advanced:
                ReadSlot(advanced.Tag.Index);
                break;
            case FetchTimeIsUp:
                _timeIsUp = true;
                AnswerIfReady();
                break;
        }
    }

    private void ReadSlot(int index)
    {
        FetchSlot slot = _slots[index];
        if (slot.Leader is { } leader && !slot.IsReading)
        {
            slot.IsReading = true;
            slot.IsWatching = false;
            _reading++;
            leader.Tell(slot.Ask(new ReplyTag(exchange.Key, index), watch: maxWait > TimeSpan.Zero), exchange.Connection);
        }
    }

    private void TakeRead(ReadReply read)
    {
        FetchSlot slot = _slots[read.Tag.Index];
        slot.Reply?.Dispose();
        slot.Reply = read;
        slot.IsReading = false;
        _reading--;
        AnswerIfReady();
    }

    private void AnswerIfReady()
    {
        if (_reading > 0)
        {
            return;
        }

        bool anyError = _slots.Any(slot => slot.Leader is null || slot.Reply!.Error != ErrorCode.None);
        long bytes = _slots.Sum(slot => slot.Reply?.Records.Length ?? 0);
        if (_timeIsUp || anyError || bytes >= minBytes || maxWait <= TimeSpan.Zero || _slots.Count == 0)
        {
            Answer();
        }
        else
        {
            WatchForMore();
            _timeout ??= scheduler.ScheduleTellOnceCancelable(maxWait, exchange.Connection, new FetchTimeIsUp(exchange.Key), ActorRefs.NoSender);
        }
    }

    // Where a read found nothing the partition sends word by itself; where it found too little, only when asked.
    private void WatchForMore()
    {
        for (int i = 0; i < _slots.Count; i++)
        {
            FetchSlot slot = _slots[i];
            if (slot is { IsWatching: false, Leader: { } leader, Reply: { Records.IsEmpty: false } reply })
            {
                slot.IsWatching = true;
                leader.Tell(new Watch(new ReplyTag(exchange.Key, i), reply.HighWatermark), exchange.Connection);
            }
        }
    }

    private void Answer()
    {
        StopWaiting();
        long room = maxBytes;
        bool isFirst = true;
        foreach (FetchSlot slot in _slots.Where(slot => slot.Reply is not null))
        {
            ReadReply reply = slot.Reply!;
            slot.Answer.ErrorCode = (short)reply.Error;
            slot.Answer.HighWatermark = reply.Error == ErrorCode.None ? reply.HighWatermark.Value : -1;
            slot.Answer.LastStableOffset = slot.Answer.HighWatermark;
            slot.Answer.LogStartOffset = reply.Error == ErrorCode.None ? reply.LogStart.Value : -1;

            // KIP-74: the first partition with data answers even when its first batch alone is larger than asked for.
            if (!reply.Records.IsEmpty && (isFirst || reply.Records.Length <= room))
            {
                slot.Answer.Records = reply.Records;
                room -= reply.Records.Length;
                isFirst = false;
            }
        }

        exchange.Respond(response, new FetchedRecords(_slots));
    }

    public override void Abandon()
    {
        StopWaiting();
        new FetchedRecords(_slots).Dispose();
    }

    private void StopWaiting()
    {
        _timeout?.Cancel();
        if (maxWait > TimeSpan.Zero)
        {
            foreach (IActorRef leader in _slots.Where(slot => slot.Leader is not null && (slot.IsWatching || slot.Reply is { Records.IsEmpty: true })).Select(slot => slot.Leader!))
            {
                leader.Tell(new Unwatch(exchange.Key), exchange.Connection);
            }
        }
    }

    private sealed record FetchTimeIsUp(long RequestKey) : IRequestReply;

    private sealed class FetchedRecords(List<FetchSlot> slots) : IDisposable
    {
        public void Dispose() => slots.ForEach(slot => slot.Reply?.Dispose());
    }
}
