using Akka.Actor;
using Broker.ObjectStore;
using Broker.Wire;

namespace Broker.Actors.Partitions;

/// <summary>An append that waits to be durable.</summary>
/// <param name="Batch">As its producer numbered it; a producer id of -1 where it did not.</param>
/// <param name="SizeBytes">What it adds to the log.</param>
internal sealed record PendingAppend(IActorRef ReplyTo, ReplyTag Tag, ProducerBatch Batch, long LogAppendTimeMs, int SizeBytes);

/// <summary>The appends of a partition that are not durable yet, in offset order, and repeated ones that wait for the same.</summary>
internal sealed class PendingAppends
{
    private readonly Queue<PendingAppend> _inOrder = new();
    private readonly List<PendingAppend> _repeated = [];

    public bool IsEmpty => _inOrder.Count == 0 && _repeated.Count == 0;

    public void Add(PendingAppend append) => _inOrder.Enqueue(append);

    /// <summary>A producer sent again what is still on its way: it is answered with the first one, when that is durable.</summary>
    public void AddRepeated(PendingAppend append) => _repeated.Add(append);

    /// <summary>Takes out what lies below <paramref name="durableEnd"/>.</summary>
    /// <param name="onFirst">Called for appends proper, not for repeated ones.</param>
    public void Complete(Offset durableEnd, Action<PendingAppend> onFirst, Action<PendingAppend> onAny)
    {
        while (_inOrder.TryPeek(out PendingAppend? head) && head.Batch.LastOffset < durableEnd)
        {
            _inOrder.Dequeue();
            onFirst(head);
            onAny(head);
        }

        for (int i = _repeated.Count - 1; i >= 0; i--)
        {
            if (_repeated[i].Batch.LastOffset < durableEnd)
            {
                onAny(_repeated[i]);
                _repeated.RemoveAt(i);
            }
        }
    }

    /// <summary>Answers all of them with an error and forgets them.</summary>
    public void FailAll(ErrorCode error, string message)
    {
        foreach (PendingAppend append in _inOrder.Concat(_repeated))
        {
            append.ReplyTo.Tell(new AppendReply(append.Tag, error, -1, -1, -1, message));
        }

        _inOrder.Clear();
        _repeated.Clear();
    }
}
