using Akka.Actor;
using Broker.Actors.Coordination;

namespace Broker.Actors.Partitions;

/// <summary>
/// How a partition gets ready to be led elsewhere (P5): appends wait from the moment on in which it is asked, and those that are on their way to the log are seen to their end. What waits
/// is refused when the partition closes, which is when the next leader is known: clients are told who that is. Reads go on.
/// </summary>
internal sealed partial class PartitionActor
{
    private bool _isHandedOver;
    private IActorRef? _awaitsHandOver;

    private bool OnHandOver(object message)
    {
        switch (message)
        {
            case HandOver:
                _isHandedOver = true;
                _awaitsHandOver = Sender;
                AnswerHandOver();
                return true;
            case KeepLeading:
                _isHandedOver = false;
                _awaitsHandOver = null;
                Stash.UnstashAll();
                return true;
            default:
                return false;
        }
    }

    private void AnswerHandOver()
    {
        if (_pending.IsEmpty && _awaitsHandOver is { } asker)
        {
            _awaitsHandOver = null;
            asker.Tell(new HandedOver(new StreamEnd(_opened.Stream, _opened.Epoch, _next)));
        }
    }
}

/// <summary>Asks a partition to take no more appends. Answered with <see cref="HandedOver"/> when none is on its way.</summary>
internal sealed record HandOver
{
    public static readonly HandOver Instance = new();
}

/// <summary>The hand-over does not take place: nobody was asked yet to close the stream.</summary>
internal sealed record KeepLeading
{
    public static readonly KeepLeading Instance = new();
}

/// <summary>The partition appends nothing more under its epoch.</summary>
/// <param name="At">Where it ends.</param>
internal sealed record HandedOver(StreamEnd At);
