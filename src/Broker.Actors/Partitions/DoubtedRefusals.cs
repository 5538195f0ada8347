using Akka.Actor;
using Broker.Actors.Coordination;

namespace Broker.Actors.Partitions;

/// <summary>
/// Refusals on which a client gives up, or goes elsewhere in the log: a batch does not follow its producer's last one, an offset is out of range. A leader that another one has replaced, and
/// that has not heard of it since it stood still, would say so of what the other one has taken. They wait until the metadata in the store, read after the request came, name nobody else.
/// </summary>
/// <param name="metadata">The node's <see cref="MetadataClientActor"/>.</param>
internal sealed class DoubtedRefusals(IActorRef metadata)
{
    private List<Refusal> _asked = [];
    private List<Refusal> _waiting = [];

    /// <summary>Answers when it is known.</summary>
    /// <param name="self">The partition.</param>
    /// <param name="to">Who is refused.</param>
    /// <param name="reply">What it hears if this node leads.</param>
    /// <param name="otherwise">What it hears if that is not known: it asks again.</param>
    public void Add(IActorRef self, IActorRef to, object reply, object otherwise)
    {
        _waiting.Add(new Refusal(to, reply, otherwise));
        AskNext(self);
    }

    /// <summary>The answer to what was asked. A partition that is led elsewhere is stopped before it comes.</summary>
    public void OnConfirmed(IActorRef self, MetadataConfirmed confirmed)
    {
        foreach (Refusal refusal in _asked)
        {
            refusal.To.Tell(confirmed.IsKnown ? refusal.Reply : refusal.Otherwise, self);
        }

        _asked = [];
        AskNext(self);
    }

    /// <summary>The partition closes.</summary>
    public void FailAll()
    {
        foreach (Refusal refusal in _asked.Concat(_waiting))
        {
            refusal.To.Tell(refusal.Otherwise, ActorRefs.NoSender);
        }

        _asked = [];
        _waiting = [];
    }

    // What comes while it is being looked is a matter of the next look.
    private void AskNext(IActorRef self)
    {
        if (_asked.Count == 0 && _waiting.Count > 0)
        {
            (_asked, _waiting) = (_waiting, _asked);
            metadata.Tell(ConfirmMetadata.Instance, self);
        }
    }

    private sealed record Refusal(IActorRef To, object Reply, object Otherwise);
}
