using System.Buffers;
using System.Text;
using Broker.Chaos.Histories;
using Broker.Wire;
using Broker.Wire.Messages;
using Broker.Wire.Records;

namespace Broker.Chaos.Clients;

/// <summary>
/// An idempotent producer of one partition by the rules of KIP-98: up to five batches in flight, sent again with the same sequences until they are acknowledged. One with a limit to
/// its patience gives up what is in flight when that is over, does not know what became of it, and goes on under its next epoch, as Apache Kafka's client does (KIP-360).
/// </summary>
/// <param name="number">Its number in the history, and its producer id.</param>
/// <param name="partition">Where it writes.</param>
/// <param name="client">How it finds the leader.</param>
/// <param name="history">Takes down what it does.</param>
/// <param name="flow">How often, how much.</param>
/// <param name="patience">How long it sends a batch again; null: for good.</param>
internal sealed class RawProducer(int number, int partition, ClusterClient client, HistoryRecorder history, Flow flow, TimeSpan? patience)
{
    private const int MaxInFlight = 5;
    private const int MaxRecords = 4;

    /// <summary>Of a batch.</summary>
    public const double MeanRecords = (1 + MaxRecords) / 2.0;
    private const short ProduceVersion = 11;

    /// <summary>What brokers give out themselves begins at 0 and never comes here.</summary>
    private const long FirstProducerId = 1_000_000_000;

    private readonly Random _random = new(number);
    private readonly Queue<Batch> _unacknowledged = new();
    private readonly CancellationTokenSource _stopping = new();
    private short _epoch;
    private int _nextSequence;
    private long _nextNumber;
    private TimeSpan _nextBatchAt;
    private int _acknowledged;

    /// <summary>Records acknowledged so far; may be read while it runs.</summary>
    public int Acknowledged => Volatile.Read(ref _acknowledged);

    public int Partition => partition;

    /// <summary>Makes no new batches from now on; <see cref="RunAsync"/> returns when none is left.</summary>
    public void Stop() => _stopping.Cancel();

    /// <summary>Produces until it is stopped and has nothing left; when <paramref name="cancellation"/> comes, what is left is unknown.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested && !(_stopping.IsCancellationRequested && _unacknowledged.Count == 0))
        {
            try
            {
                await ProduceAsync(cancellation);
                await Task.Delay(ClusterClient.Pause, cancellation);
            }
            catch (Exception gone) when (ClusterClient.IsAbsence(gone))
            {
                // It looks for the leader anew.
            }

            if (patience is { } limit && _unacknowledged.TryPeek(out Batch? oldest) && history.Now - oldest.Invoked > limit)
            {
                GiveUp();
                (_epoch, _nextSequence) = ((short)(_epoch + 1), 0);
            }
        }

        GiveUp();
    }

    private async Task ProduceAsync(CancellationToken cancellation)
    {
        LeaderLink? leader = await PatientAsync(token => client.FindLeaderAsync(partition, token), cancellation);
        if (leader is null)
        {
            return;
        }

        await using var connection = leader.Connection;
        int inFlight = 0;
        foreach (Batch batch in _unacknowledged)
        {
            await SendAsync(leader, batch, cancellation);
            inFlight++;
        }

        while (true)
        {
            while (inFlight < MaxInFlight && history.Now >= _nextBatchAt && NewBatch() is { } batch)
            {
                await SendAsync(leader, batch, cancellation);
                inFlight++;
            }

            if (inFlight == 0)
            {
                if (_stopping.IsCancellationRequested)
                {
                    return;
                }

                await Task.Delay(flow.Pace, cancellation);
                continue;
            }

            IKafkaResponse response = await PatientAsync(connection.ReceiveAsync, cancellation);
            ProduceResponse.PartitionProduceResponse answer = ((ProduceResponse)response).Responses[0].PartitionResponses[0];
            if (!Answered(answer, leader))
            {
                return;
            }

            inFlight--;
        }
    }

    /// <returns>Whether the batch was acknowledged; if not, all of them are sent again.</returns>
    private bool Answered(ProduceResponse.PartitionProduceResponse answer, LeaderLink leader)
    {
        switch ((ErrorCode)answer.ErrorCode)
        {
            case ErrorCode.None or ErrorCode.DuplicateSequenceNumber:
                Batch batch = _unacknowledged.Dequeue();
                for (int i = 0; i < batch.Count; i++)
                {
                    long offset = answer.BaseOffset < 0 || answer.ErrorCode != 0 ? -1 : answer.BaseOffset + i;
                    history.Completed(new Send(new RecordId(number, batch.FirstNumber + i), partition, batch.Invoked, history.Now, SendOutcome.Acknowledged, offset, leader.Node, leader.Epoch));
                }

                Volatile.Write(ref _acknowledged, _acknowledged + batch.Count);
                return true;

            // The oldest batch is answered first: nothing before it is missing, but what a broker acknowledged and forgot.
            case ErrorCode.OutOfOrderSequenceNumber or ErrorCode.UnknownProducerId or ErrorCode.InvalidProducerEpoch or ErrorCode.CorruptMessage:
                history.Violated($"producer {number} in partition {partition}, sequence {_unacknowledged.Peek().Sequence}, epoch {_epoch}: node {leader.Node} in epoch {leader.Epoch} answers {(ErrorCode)answer.ErrorCode}");
                return false;
            default:
                return false;
        }
    }

    private async Task SendAsync(LeaderLink leader, Batch batch, CancellationToken cancellation)
    {
        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = 10_000,
            TopicData = [new ProduceRequest.TopicProduceData { Name = client.Topic, PartitionData = [new ProduceRequest.PartitionProduceData { Index = partition, Records = new ReadOnlySequence<byte>(batch.Bytes) }] }],
        };
        await PatientAsync<object?>(
            async token =>
            {
                await leader.Connection.SendAsync(request, ProduceVersion, token);
                return null;
            },
            cancellation);
    }

    private Batch? NewBatch()
    {
        int count = 1 + _random.Next(MaxRecords);
        if (_stopping.IsCancellationRequested || !history.HasRoom(count))
        {
            return null;
        }

        using RecordBatchBuilder builder = new(new RecordBatchOptions { ProducerId = FirstProducerId + number, ProducerEpoch = _epoch, BaseSequence = _nextSequence });
        for (int i = 0; i < count; i++)
        {
            builder.Append(1_700_000_000_000, null, Encoding.UTF8.GetBytes($"{new RecordId(number, _nextNumber + i)}:{new string('x', _random.Next((flow.MeanValueBytes * 2) + 1))}"));
        }

        Batch batch = new(_nextNumber, count, _nextSequence, builder.ToArray(), history.Now);
        _unacknowledged.Enqueue(batch);
        _nextNumber += count;
        _nextSequence += count;
        _nextBatchAt = history.Now + flow.Pace;
        return batch;
    }

    private void GiveUp()
    {
        while (_unacknowledged.TryDequeue(out Batch? batch))
        {
            for (int i = 0; i < batch.Count; i++)
            {
                history.Completed(new Send(new RecordId(number, batch.FirstNumber + i), partition, batch.Invoked, history.Now, SendOutcome.Unknown, -1));
            }
        }
    }

    private static async Task<T> PatientAsync<T>(Func<CancellationToken, Task<T>> request, CancellationToken cancellation)
    {
        using CancellationTokenSource turn = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        turn.CancelAfter(ClusterClient.RequestPatience);
        return await request(turn.Token);
    }

    private sealed record Batch(long FirstNumber, int Count, int Sequence, ReadOnlyMemory<byte> Bytes, TimeSpan Invoked);
}

/// <summary>What a producer sends.</summary>
/// <param name="Pace">Between two batches.</param>
/// <param name="MeanValueBytes">Of a record.</param>
internal sealed record Flow(TimeSpan Pace, int MeanValueBytes);
