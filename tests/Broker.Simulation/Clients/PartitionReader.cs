using System.Buffers;
using Broker.Simulation.Model;
using Broker.Simulation.Node;
using Broker.TestSupport.Simulation;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Simulation.Clients;

/// <summary>A consumer of one partition, without a group: follows it, begins anew now and then, and holds all that it hears against the model.</summary>
internal sealed class PartitionReader(SimulatedWorld world, IBrokers cluster, PartitionModel partition)
{
    private const short FetchVersion = 17;
    private const short ListVersion = 7;

    // A run that was followed and has not noticed answers as ever: clients find their way in the end.
    private const int LeavesOldPerThousand = 200;

    // What cannot be read while nothing fails is lost.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private const int ReadsOfDeleted = 3;
    private const long Earliest = -2;
    private const int AnswerBytes = 64 << 10;

    private readonly SeenKeys _seen = partition.NewReader();
    private SimulatedConnection? _connection;
    private bool _isFinal;
    private bool _isOfNewest;

    /// <summary>Reads until <paramref name="isOver"/>, and some times more what is deleted.</summary>
    public async Task RunAsync(Func<bool> isOver)
    {
        long position = 0;
        while (!isOver() && !partition.Topic.IsDeleting)
        {
            if (world.Chance(50))
            {
                position = await StartAsync();
            }

            FetchResponse.PartitionData? answer = await FetchAsync(position, world.Random.Next(1, 8 << 10));
            FetchedRecords fetched = answer is null ? FetchedRecords.None : Take(answer, position);
            position = fetched.Next ?? (answer?.ErrorCode == (short)ErrorCode.OffsetOutOfRange ? await StartAsync() : position);
            await world.DelayAsync(world.Between(1, fetched.Next is not null ? 200 : 1000));
        }

        for (int i = 0; i < ReadsOfDeleted && partition.Topic.IsDeleting; i++)
        {
            await world.DelayAsync(world.Between(1, 5000));
            await FetchAsync(0, AnswerBytes);
        }
    }

    /// <summary>Reads all of it, from the newest run, and has the model judge the whole.</summary>
    public async Task<IReadOnlyList<FetchedRecord>> ReadWholeAsync()
    {
        _isFinal = true;
        List<FetchedRecord> whole = [];
        long start = await StartAsync();
        long position = start;
        TimeSpan deadline = world.Elapsed + Patience;
        while (true)
        {
            FetchResponse.PartitionData? answer = await FetchAsync(position, AnswerBytes);
            switch ((ErrorCode?)answer?.ErrorCode)
            {
                case ErrorCode.None:
                    FetchedRecords fetched = Take(answer!, position);
                    whole.AddRange(fetched.Records.Where(record => record.Offset >= position));
                    position = fetched.Next ?? position;
                    break;
                case ErrorCode.OffsetOutOfRange when world.Elapsed <= deadline:
                    // Retention was faster.
                    whole.Clear();
                    position = start = await StartAsync();
                    break;
                case var error when world.Elapsed > deadline:
                    throw new ViolationException($"L1: {partition.Name} cannot be read at {position}: {error}");
                default:
                    await world.DelayAsync(TimeSpan.FromMilliseconds(500));
                    continue;
            }

            if (position >= answer!.HighWatermark && answer.ErrorCode == 0)
            {
                partition.Whole(whole, start, answer.HighWatermark);
                return whole;
            }
        }
    }

    /// <summary>Loses the connection.</summary>
    public void Disconnect() => _connection?.Drop();

    private FetchedRecords Take(FetchResponse.PartitionData answer, long position)
    {
        if (answer.ErrorCode != 0)
        {
            return FetchedRecords.None;
        }

        bool hasGaps = partition.Topic.Rules.IsCompacted;
        FetchedRecords fetched = TestRecords.Read(answer.Records ?? ReadOnlySequence<byte>.Empty);
        long? before = null;
        foreach (FetchedRecord record in fetched.Records)
        {
            if (hasGaps ? record.Offset <= before : before is not null && record.Offset != before + 1)
            {
                throw new ViolationException($"L1: {partition.Name} answers with {record.Offset} after {before}");
            }

            partition.Read(record);
            before = record.Offset;
        }

        if (hasGaps && _isOfNewest && fetched.Next is { } next)
        {
            _seen.Passed(position, next, fetched.Records, partition.NowMs);
        }

        if (fetched.Next <= position || (!hasGaps && fetched.Records is [var first, ..] && first.Offset > position))
        {
            throw new ViolationException($"L1: asked for {position}, {partition.Name} answers with {fetched.Records.Count} records before {fetched.Next}");
        }

        return fetched;
    }

    private async Task<long> StartAsync()
    {
        _seen.Clear();
        while (!partition.Topic.IsDeleting)
        {
            try
            {
                SimulatedConnection connection = await ConnectAsync();
                (long knownStart, bool isNewest) = (partition.Start, connection.Node == cluster.Newest);
                ListOffsetsResponse response = await connection.CallAsync<ListOffsetsResponse>(StartRequest(), ListVersion);
                ListOffsetsResponse.ListOffsetsPartitionResponse answer = response.Topics[0].Partitions[0];
                world.Note("reader", "start", partition.Name, answer.ErrorCode, answer.Offset);
                if (answer.ErrorCode == 0)
                {
                    if (isNewest && !partition.Topic.IsDeleting)
                    {
                        partition.Begins(answer.Offset, knownStart);
                    }

                    return answer.Offset;
                }
            }
            catch (ConnectionBrokenException)
            {
                // Asked again, of whoever serves then.
            }

            await world.DelayAsync(world.Between(20, 300));
        }

        return 0;
    }

    private async Task<SimulatedConnection> ConnectAsync()
    {
        if (_connection is { IsBroken: false } && _connection.Node != cluster.Newest && (_isFinal || world.Chance(LeavesOldPerThousand)))
        {
            _connection.Drop();
        }

        if (_connection is null or { IsBroken: true })
        {
            _connection = await SimulatedConnection.OpenAsync(_isFinal ? await cluster.NewestServingAsync() : await cluster.AnyServingAsync());
        }

        return _connection;
    }

    private async Task<FetchResponse.PartitionData?> FetchAsync(long offset, int maxBytes)
    {
        try
        {
            SimulatedConnection connection = await ConnectAsync();
            bool wasDeleted = partition.Topic.IsDeleted;
            (long start, long end, bool isNewest) = (partition.Start, partition.End, connection.Node == cluster.Newest);
            FetchResponse response = await connection.CallAsync<FetchResponse>(Request(offset, maxBytes), FetchVersion);
            FetchResponse.PartitionData answer = response.Responses[0].Partitions[0];
            world.Note("reader", "fetched", partition.Name, offset, answer.ErrorCode != 0 ? -answer.ErrorCode : answer.HighWatermark);
            _isOfNewest = isNewest;
            if (!isNewest)
            {
                // A run that is replaced and has not noticed shows what was there.
                _seen.Clear();
            }

            if (isNewest && wasDeleted && answer.ErrorCode == 0)
            {
                throw new ViolationException($"L5: {partition.Name} answers, and its topic was deleted");
            }

            Judge(answer, isNewest, start, end);
            return answer;
        }
        catch (ConnectionBrokenException)
        {
            return null;
        }
    }

    private void Judge(FetchResponse.PartitionData answer, bool isNewest, long knownStart, long knownEnd)
    {
        switch ((ErrorCode)answer.ErrorCode)
        {
            case ErrorCode.None when isNewest:
                partition.Bounds(answer.LogStartOffset, answer.HighWatermark, knownStart, knownEnd);
                break;
            case ErrorCode.None or ErrorCode.OffsetOutOfRange or ErrorCode.KafkaStorageError or ErrorCode.NotLeaderOrFollower or ErrorCode.UnknownTopicId:
                break;
            default:
                throw new ViolationException($"{partition.Name} answers a fetch with {(ErrorCode)answer.ErrorCode}");
        }
    }

    private ListOffsetsRequest StartRequest() => new()
    {
        ReplicaId = -1,
        Topics =
        [
            new ListOffsetsRequest.ListOffsetsTopic
            {
                Name = partition.Topic.Name,
                Partitions = [new ListOffsetsRequest.ListOffsetsPartition { PartitionIndex = partition.Index, CurrentLeaderEpoch = -1, Timestamp = Earliest }],
            },
        ],
    };

    private FetchRequest Request(long offset, int maxBytes) => new()
    {
        MaxWaitMs = world.Random.Next(0, 500),
        MinBytes = 1,
        MaxBytes = maxBytes,
        SessionEpoch = -1,
        Topics =
        [
            new FetchRequest.FetchTopic
            {
                TopicId = partition.Topic.Id,
                Partitions = [new FetchRequest.FetchPartition { Partition = partition.Index, FetchOffset = offset, PartitionMaxBytes = maxBytes, CurrentLeaderEpoch = -1 }],
            },
        ],
    };
}
