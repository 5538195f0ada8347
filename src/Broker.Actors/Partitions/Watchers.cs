using Akka.Actor;

namespace Broker.Actors.Partitions;

/// <summary>
/// The fetches that wait for more of a partition, and how much of it each waits for. One that waits for a megabyte is not told of each record:
/// it hears once, when so many bytes are there.
/// </summary>
internal sealed class Watchers
{
    /// <summary>In <see cref="Advanced.Mark"/>: whatever was read is to be read anew.</summary>
    public const long Anew = long.MaxValue;

    private readonly List<(IActorRef Connection, ReplyTag Tag, long DueMark)> _waiting = [];

    /// <summary>How many bytes of records have become durable since the partition opened: the measure of how far it has come.</summary>
    public long Mark { get; private set; }

    /// <summary>Sends one <see cref="Advanced"/> when <see cref="Mark"/> has come to <paramref name="dueMark"/>, now if it has already.</summary>
    public void Add(IActorRef connection, ReplyTag tag, long dueMark)
    {
        if (Mark >= dueMark)
        {
            connection.Tell(new Advanced(tag, Mark));
        }
        else
        {
            _waiting.Add((connection, tag, dueMark));
        }
    }

    /// <summary>The connection's request waits no longer.</summary>
    public void Remove(IActorRef connection, long requestKey) =>
        _waiting.RemoveAll(waiting => waiting.Tag.RequestKey == requestKey && waiting.Connection.Equals(connection));

    /// <summary>So many bytes more are durable.</summary>
    public void Advance(long bytes)
    {
        Mark += bytes;
        Tell(waiting => waiting.DueMark <= Mark, Mark);
    }

    /// <summary>The partition closes: who waits asks again, and is told where to.</summary>
    public void TellAll() => Tell(_ => true, Anew);

    private void Tell(Predicate<(IActorRef Connection, ReplyTag Tag, long DueMark)> isTold, long mark)
    {
        foreach ((IActorRef connection, ReplyTag tag, _) in _waiting.FindAll(isTold))
        {
            connection.Tell(new Advanced(tag, mark));
        }

        _waiting.RemoveAll(isTold);
    }
}
