using Akka.Actor;
using Broker.Actors.Partitions;
using Broker.ObjectStore.Buffers;
using Broker.Wire;

namespace Broker.Actors.Groups;

/// <summary>Writes group records to their partition and remembers who waits for which write.</summary>
internal sealed class GroupStore(IActorRef partition, IActorRef self, GroupServices services)
{
    private readonly Dictionary<long, Action<ErrorCode>> _waiting = [];
    private long _nextWrite;

    /// <summary>Writes records as one batch: all of them become durable or none does.</summary>
    public void Append(IReadOnlyList<KeyValue> records, long nowMs, Action<ErrorCode> stored)
    {
        long write = _nextWrite++;
        _waiting.Add(write, stored);
        BufferLease batch = InternalBatch.Build(records, nowMs, services.Buffers);
        partition.Tell(new Append(new ReplyTag(write, 0), batch.Memory, batch, IsInternal: true), self);
    }

    /// <summary>The partition answered a write.</summary>
    public void OnAppended(AppendReply reply)
    {
        if (_waiting.Remove(reply.Tag.RequestKey, out Action<ErrorCode>? stored))
        {
            stored(Translate(reply.Error));
        }
    }

    public void FailAll(ErrorCode error)
    {
        foreach (Action<ErrorCode> stored in _waiting.Values.ToArray())
        {
            stored(error);
        }

        _waiting.Clear();
    }

    // What ails the partition is not the client's affair: it finds the coordinator anew and tries again.
    private static ErrorCode Translate(ErrorCode error) => error switch
    {
        ErrorCode.None => ErrorCode.None,
        ErrorCode.NotLeaderOrFollower => ErrorCode.NotCoordinator,
        _ => ErrorCode.CoordinatorNotAvailable,
    };
}
