using System.Buffers;
using Akka.Actor;
using Akka.Event;
using Broker.Actors.Connections;
using Broker.Actors.Groups;
using Broker.Actors.Partitions;
using Broker.Actors.Storage;
using Broker.ObjectStore;
using Broker.Wire;

namespace Broker.Actors.Undelivered;

/// <summary>
/// Takes what was sent to actors that are gone: a connection that closed while its answer was on the way, a partition
/// that closed while a request was. Gives back the buffers that such a message owns, since sending had transferred
/// them, and answers requests, so that nobody waits for an answer that cannot come.
/// </summary>
internal sealed class UndeliveredActor : ReceiveActor
{
    private readonly MemoryBudget _memory;

    public UndeliveredActor(MemoryBudget memory)
    {
        _memory = memory;
        Receive<DeadLetter>(Settle);
    }

    protected override void PreStart() => Context.System.EventStream.Subscribe(Self, typeof(DeadLetter));

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);

    private void Settle(DeadLetter letter)
    {
        switch (letter.Message)
        {
            case FrameReceived { Frame: var frame }:
                _memory.Release(frame.Memory.Length);
                frame.Release();
                break;
            case IRequestReply reply:
                PendingRequest.Discard(reply);
                break;
            case WalAppend append:
                append.Batch.Lease.Release();
                letter.Sender.Tell(new WalRefused(append.Generation, ErrorCode.KafkaStorageError, "the write-ahead log's stage is gone"));
                break;
            case Append append:
                append.Frame.Release();
                letter.Sender.Tell(new AppendReply(append.Tag, ErrorCode.NotLeaderOrFollower, -1, -1, -1, "the partition closed"));
                break;
            case Read read:
                letter.Sender.Tell(new ReadReply(read.Tag, ErrorCode.NotLeaderOrFollower, Offset.Zero, Offset.Zero, ReadOnlySequence<byte>.Empty, null));
                break;
            case LookUpOffset lookUp:
                letter.Sender.Tell(new OffsetReply(lookUp.Tag, ErrorCode.NotLeaderOrFollower, -1, -1, -1));
                break;
            case IGroupCommand command:
                letter.Sender.Tell(command.Refusal(ErrorCode.NotCoordinator));
                break;
            case ListGroups:
                letter.Sender.Tell(new GroupsListed(ErrorCode.CoordinatorNotAvailable, []));
                break;
        }
    }
}
