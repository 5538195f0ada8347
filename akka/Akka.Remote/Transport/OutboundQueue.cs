using System.Threading.Channels;
using Akka.Actor;
using Akka.Event;

namespace Akka.Remote.Transport;

/// <summary>What waits for one other system. Bounded: what does not fit is dropped, and told of.</summary>
internal sealed class OutboundQueue(Address remote, ActorSystemImpl system, int maxMessages, ILoggingAdapter log)
{
    private readonly Channel<Outgoing> _messages =
        Channel.CreateBounded<Outgoing>(new BoundedChannelOptions(maxMessages) { SingleReader = true });

    private long _overflowed;

    /// <summary>False when nothing will come any more.</summary>
    public ValueTask<bool> WaitToReadAsync(CancellationToken token) => _messages.Reader.WaitToReadAsync(token);

    public bool TryRead(out Outgoing next) => _messages.Reader.TryRead(out next);

    /// <summary>Nothing is taken from now on.</summary>
    public void Complete() => _messages.Writer.TryComplete();

    /// <summary>A ping that does not fit is not needed: there is enough to send.</summary>
    public void AddPing() => _messages.Writer.TryWrite(Outgoing.Ping);

    /// <returns>False when the message was dropped.</returns>
    public bool Add(Outgoing outgoing)
    {
        if (_messages.Writer.TryWrite(outgoing))
        {
            return true;
        }

        // Powers of two: the log tells the order of magnitude without growing by a line for each message.
        long count = Interlocked.Increment(ref _overflowed);
        if (long.IsPow2(count))
        {
            log.Warning("[{0}] messages to [{1}] were dropped, as {2} are waiting already (outbound-message-queue-size)", count, remote, maxMessages);
        }

        system.EventStream.Publish(new Dropped(
            outgoing.Message, "outbound message queue is full", outgoing.Sender ?? ActorRefs.NoSender, outgoing.Recipient!));
        return false;
    }

    /// <summary>The other system is out of reach: all that waits becomes dead letters.</summary>
    public void LoseAll()
    {
        while (_messages.Reader.TryRead(out Outgoing lost))
        {
            Lose(lost);
        }
    }

    public void Lose(Outgoing lost)
    {
        if (!lost.IsPing)
        {
            system.DeadLetterRef.UserMessageLost(lost.Message, lost.Sender, lost.Recipient!);
        }
    }
}
