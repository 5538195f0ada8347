using System.Buffers;
using Broker.Simulation.Model;
using Broker.Simulation.Node;
using Broker.TestSupport.Simulation;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Simulation.Clients;

/// <summary>
/// A producer on one partition. Sends some batches at a time, and what was not acknowledged again, in its order, until it is: as Kafka's idempotent
/// producer does. One that is not idempotent gives such batches up now and then.
/// </summary>
/// <param name="world">Where it is.</param>
/// <param name="cluster">Whom it asks.</param>
/// <param name="partition">Where it writes.</param>
/// <param name="writer">What it has written.</param>
/// <param name="beginsWithOne">
/// Sends one batch until the first is acknowledged. Of several, a broker that begins to lead the partition between two of them refuses the first and takes the second: a partition takes any sequence of a producer
/// that it does not know, as Kafka does, for it may have forgotten it.
/// </param>
internal sealed class PartitionWriter(SimulatedWorld world, IBrokers cluster, PartitionModel partition, RecordWriter writer, bool beginsWithOne = false)
{
    private const short ProduceVersion = 13;
    private const short InitVersion = 4;
    private const int MaxInFlight = 5;
    private const int TimeoutMs = 5000;

    private readonly List<Batch> _unacknowledged = [];
    private SimulatedConnection? _connection;
    private long _producerId = -1;
    private short _producerEpoch = -1;
    private int _batches;

    private sealed record Batch(int Ordinal, int FirstNumber, int Count, long TimestampMs, byte[] Bytes);

    /// <summary>Writes until <paramref name="isOver"/>, and then until all of it is acknowledged.</summary>
    public async Task RunAsync(Func<bool> isOver)
    {
        int maxInFlight = world.Random.Next(1, MaxInFlight + 1);
        int maxPauseMs = world.Random.Next(50, 1500);
        int restsPerThousand = world.Random.Next(300);
        while (!partition.Topic.IsDeleting && (!isOver() || _unacknowledged.Count > 0))
        {
            if (_connection is null or { IsBroken: true } && !await ConnectAsync())
            {
                continue;
            }

            // A partition knows a producer's last five batches again: so the oldest that may have to be sent again is one of them.
            while (!isOver() && _batches - (_unacknowledged is [var oldest, ..] ? oldest.Ordinal : _batches) < (beginsWithOne && writer.Acknowledged == 0 ? 1 : maxInFlight))
            {
                AddBatch();
            }

            bool went = await SendAsync(_connection!);
            if (!went && world.Chance(200))
            {
                // Whoever answers so may have been followed, and not have noticed.
                _connection!.Drop();
            }

            // Now and then one that stands still: what it sends again after that may be deleted long since, and must be known all the same.
            await world.DelayAsync(went ? NextPause(maxPauseMs, restsPerThousand) : world.Chance(100) ? world.Between(1000, 15_000) : world.Between(50, 500));
        }
    }

    // Now and then it has nothing to send for a while: then its partition may have nothing to upload when others have.
    private TimeSpan NextPause(int maxPauseMs, int restsPerThousand) => world.Chance(restsPerThousand) ? world.Between(1000, 8_000) : world.Between(0, maxPauseMs);

    /// <summary>Loses the connection, with what is on its way.</summary>
    public void Disconnect() => _connection?.Drop();

    private async Task<bool> ConnectAsync()
    {
        try
        {
            _connection = await SimulatedConnection.OpenAsync(await cluster.AnyServingAsync());
            if (writer.IsIdempotent && _producerId < 0)
            {
                InitProducerIdResponse given = await _connection.CallAsync<InitProducerIdResponse>(new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = 60_000, ProducerId = -1, ProducerEpoch = -1 }, InitVersion);
                world.Note($"writer-{writer.Number}", "producer-id", "", given.ErrorCode, given.ProducerId);
                (_producerId, _producerEpoch) = given.ErrorCode == 0 ? (given.ProducerId, given.ProducerEpoch) : (-1, (short)-1);
            }
        }
        catch (ConnectionBrokenException)
        {
            _connection = null;
        }

        bool isReady = _connection is not null && (!writer.IsIdempotent || _producerId >= 0);
        if (!isReady)
        {
            _connection?.Drop();
            await world.DelayAsync(world.Between(20, 300));
        }

        return isReady;
    }

    private void AddBatch()
    {
        int count = world.Random.Next(1, 4);
        long nowMs = world.Outside.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        byte[] bytes = TestRecords.Batch(partition.Topic.Rules, writer, writer.Sent, count, world.Random.Next(world.Chance(100) ? 3000 : 200), nowMs, _producerId, _producerEpoch);
        _unacknowledged.Add(new Batch(_batches++, writer.Sent, count, nowMs, bytes));
        writer.Sent += count;
    }

    private async Task<bool> SendAsync(SimulatedConnection connection)
    {
        Batch[] sent = [.. _unacknowledged];
        bool isNewest = connection.Node == cluster.Newest;
        Task<ProduceResponse>[] answers = [.. sent.Select(batch => connection.CallAsync<ProduceResponse>(Request(batch), ProduceVersion))];
        bool allWent = true;
        for (int i = 0; i < sent.Length; i++)
        {
            ErrorCode error = await OutcomeAsync(sent[i], answers[i], mustFollow: allWent && isNewest);
            bool isGivenUp = error != ErrorCode.None && !writer.IsIdempotent && world.Chance(300);
            if (error == ErrorCode.None || isGivenUp)
            {
                _unacknowledged.Remove(sent[i]);
            }

            allWent &= error == ErrorCode.None;
        }

        return allWent;
    }

    // What one refuses out of order, when nothing before it failed, was acknowledged too early or forgotten; unless a run is asked that was followed.
    private async Task<ErrorCode> OutcomeAsync(Batch batch, Task<ProduceResponse> answer, bool mustFollow)
    {
        ProduceResponse.PartitionProduceResponse outcome;
        try
        {
            outcome = (await answer).Responses[0].PartitionResponses[0];
        }
        catch (ConnectionBrokenException)
        {
            return ErrorCode.NetworkException;
        }

        ErrorCode error = (ErrorCode)outcome.ErrorCode;
        world.Note($"writer-{writer.Number}", "produced", partition.Name, batch.FirstNumber, error == ErrorCode.None ? outcome.BaseOffset : -(int)error);
        if (outcome.ErrorMessage is { } message)
        {
            world.Trace.Remark(world.Elapsed, $"writer-{writer.Number}", message);
        }

        switch (error)
        {
            case ErrorCode.None:
                partition.Acknowledge(writer, batch.FirstNumber, batch.Count, outcome.BaseOffset, batch.TimestampMs);
                break;
            case ErrorCode.OutOfOrderSequenceNumber when mustFollow:
                throw new ViolationException($"L2: {partition.Name} does not know the sequence of {writer.Number} before {batch.FirstNumber}: {outcome.ErrorMessage}");
            case ErrorCode.OutOfOrderSequenceNumber or ErrorCode.KafkaStorageError or ErrorCode.NotLeaderOrFollower or ErrorCode.RequestTimedOut or ErrorCode.UnknownTopicId:
                break;
            default:
                throw new ViolationException($"{partition.Name} refuses a batch with {error}: {outcome.ErrorMessage}");
        }

        return error;
    }

    private ProduceRequest Request(Batch batch) => new()
    {
        Acks = -1,
        TimeoutMs = TimeoutMs,
        TopicData =
        [
            new ProduceRequest.TopicProduceData
            {
                TopicId = partition.Topic.Id,
                PartitionData = [new ProduceRequest.PartitionProduceData { Index = partition.Index, Records = new ReadOnlySequence<byte>(batch.Bytes) }],
            },
        ],
    };
}
