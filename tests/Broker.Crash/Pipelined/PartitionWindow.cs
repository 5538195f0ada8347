using Broker.Crash.History;
using Broker.Wire;

namespace Broker.Crash.Pipelined;

/// <summary>
/// What an idempotent producer knows of one partition (KIP-98): the batches that are not acknowledged, in order, and which
/// of them are on their way. After a broken connection or a refusal all of them are sent again, in order and as they were.
/// </summary>
internal sealed class PartitionWindow(int partition, int partitions)
{
    /// <summary>Brokers remember as many batches of a producer, and so clients keep no more on their way.</summary>
    public const int MaxInFlight = 5;

    private readonly List<SequencedBatch> _unacknowledged = [];
    private readonly Queue<SequencedBatch> _onTheWay = new();
    private readonly Dictionary<long, Position> _acknowledged = [];
    private int _nextToSend;
    private int _nextSequence;
    private bool _refused;

    public int Partition => partition;

    /// <summary>Where each acknowledged record was said to be, by the record's number.</summary>
    public IReadOnlyDictionary<long, Position> Acknowledged => _acknowledged;

    public int InFlight => _onTheWay.Count;

    public bool IsIdle => _unacknowledged.Count == 0;

    /// <summary>The number of the next new record.</summary>
    public long NextRecord => partition + ((long)_nextSequence * partitions);

    /// <summary>While a refused batch's followers are on their way, nothing is sent: they come back first.</summary>
    public bool CanSend => !_refused && _onTheWay.Count < MaxInFlight;

    /// <summary>The next batch to send: one to be sent again, else a new one, else none.</summary>
    /// <param name="create">Makes a new batch that begins with this record and this sequence; null when no more shall be sent.</param>
    public SequencedBatch? Send(Func<long, int, SequencedBatch>? create)
    {
        if (!CanSend)
        {
            throw new InvalidOperationException($"partition {partition} has {_onTheWay.Count} batches on their way");
        }

        if (_nextToSend == _unacknowledged.Count)
        {
            if (create is null)
            {
                return null;
            }

            SequencedBatch created = create(NextRecord, _nextSequence);
            _nextSequence += created.Count;
            _unacknowledged.Add(created);
        }

        SequencedBatch batch = _unacknowledged[_nextToSend++];
        _onTheWay.Enqueue(batch);
        return batch;
    }

    /// <summary>Takes the answer to the oldest batch on its way; returns that batch when it is acknowledged, else null.</summary>
    /// <exception cref="ProtocolViolationException">The broker must not answer so.</exception>
    public SequencedBatch? Answer(ErrorCode error, long baseOffset)
    {
        SequencedBatch batch = _onTheWay.Dequeue();
        bool acknowledged = error == ErrorCode.None;
        if (acknowledged)
        {
            Acknowledge(batch, baseOffset);
        }
        else
        {
            Refuse(batch, error);
        }

        if (_refused && _onTheWay.Count == 0)
        {
            SendAgain();
        }

        return acknowledged ? batch : null;
    }

    /// <summary>The connection broke: nothing that was on its way will be answered.</summary>
    public void Disconnected()
    {
        _onTheWay.Clear();
        SendAgain();
    }

    private void Acknowledge(SequencedBatch batch, long baseOffset)
    {
        if (!ReferenceEquals(batch, _unacknowledged[0]))
        {
            throw new ProtocolViolationException(
                $"{Describe(batch)} was acknowledged at offset {baseOffset}, though {Describe(_unacknowledged[0])} before it was refused");
        }

        foreach (long record in batch.RecordNumbers)
        {
            _acknowledged.Add(record, new Position(partition, baseOffset++));
        }

        _unacknowledged.RemoveAt(0);
        _nextToSend--;
    }

    // A batch behind a refused one is out of order, and clients know that; one with all before it acknowledged is not.
    private void Refuse(SequencedBatch batch, ErrorCode error)
    {
        bool isExpected = IsRetriable(error) || (error == ErrorCode.OutOfOrderSequenceNumber && _refused);
        _refused = isExpected ? true : throw new ProtocolViolationException($"{Describe(batch)} was answered with {error}");
    }

    private void SendAgain()
    {
        _refused = false;
        foreach (SequencedBatch batch in _unacknowledged.Take(_nextToSend))
        {
            batch.IsRepeated = true;
        }

        _nextToSend = 0;
    }

    private string Describe(SequencedBatch batch) =>
        $"partition {partition}'s batch of sequences {batch.BaseSequence} to {batch.BaseSequence + batch.Count - 1}"
        + (batch.IsRepeated ? " (sent again)" : "");

    private static bool IsRetriable(ErrorCode error) => error is
        ErrorCode.UnknownTopicOrPartition or ErrorCode.LeaderNotAvailable or ErrorCode.NotLeaderOrFollower
        or ErrorCode.RequestTimedOut or ErrorCode.NotEnoughReplicas or ErrorCode.NotEnoughReplicasAfterAppend
        or ErrorCode.KafkaStorageError or ErrorCode.CoordinatorLoadInProgress;
}

/// <summary>The broker gave an answer that it must never give.</summary>
internal sealed class ProtocolViolationException(string message) : Exception(message);
