using System.Buffers;
using System.Globalization;
using System.Text;
using Broker.Crash.History;
using Broker.TestSupport.Clients;
using Broker.Wire;
using Broker.Wire.Messages;
using Broker.Wire.Records;
using Record = Broker.Wire.Records.Record;

namespace Broker.Crash.Pipelined;

/// <summary>The topic of a run, and what can be asked of it on a raw connection.</summary>
internal sealed record CrashTopic(string Name, int Partitions)
{
    private const short CreateTopicsVersion = 7;
    private const short ListOffsetsVersion = 6;
    private const short FetchVersion = 12;
    private const int NoReplica = -1;
    private const long LatestOffset = -1;
    private const long EarliestOffset = -2;
    private const int TimeoutMs = 30_000;
    private const int FetchWaitMs = 100;
    private const int FetchBytes = 1024 * 1024;

    /// <summary>Between two attempts at what a broker that comes up cannot do yet.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public async Task CreateAsync(RawConnection connection, CancellationToken cancellation)
    {
        CreateTopicsRequest request = new()
        {
            timeoutMs = TimeoutMs,
            Topics =
            [
                new CreateTopicsRequest.CreatableTopic
                {
                    Name = Name,
                    NumPartitions = Partitions,
                    ReplicationFactor = 1,
                    // Records of a run may be old; none of them is to go.
                    Configs = [new CreateTopicsRequest.CreatableTopicConfig { Name = "retention.ms", Value = "-1" }],
                },
            ],
        };
        CreateTopicsResponse response = await connection.CallAsync<CreateTopicsResponse>(request, CreateTopicsVersion, cancellation);
        Assert.Equal(ErrorCode.None, (ErrorCode)response.Topics.Single().ErrorCode);
    }

    public Task<Dictionary<int, long>> StartOffsetsAsync(RawConnection connection, CancellationToken cancellation) =>
        OffsetsAsync(connection, EarliestOffset, cancellation);

    public Task<Dictionary<int, long>> EndOffsetsAsync(RawConnection connection, CancellationToken cancellation) =>
        OffsetsAsync(connection, LatestOffset, cancellation);

    /// <summary>One fetch of all of these partitions from the offsets given; the records found, each partition's in order.</summary>
    public async Task<List<(Position Position, RecordId Id)>> FetchAsync(
        RawConnection connection, IReadOnlyDictionary<int, long> from, CancellationToken cancellation)
    {
        FetchRequest request = new()
        {
            ReplicaId = NoReplica,
            MaxWaitMs = FetchWaitMs,
            MinBytes = 1,
            MaxBytes = FetchBytes,
            SessionEpoch = -1,
            Topics =
            [
                new FetchRequest.FetchTopic
                {
                    Topic = Name,
                    Partitions = [.. from.Select(pair => new FetchRequest.FetchPartition
                    {
                        Partition = pair.Key,
                        CurrentLeaderEpoch = -1,
                        FetchOffset = pair.Value,
                        LastFetchedEpoch = -1,
                        LogStartOffset = -1,
                        PartitionMaxBytes = FetchBytes,
                    })],
                },
            ],
        };
        FetchResponse response = await connection.CallAsync<FetchResponse>(request, FetchVersion, cancellation);
        List<(Position, RecordId)> found = [];
        foreach (FetchResponse.PartitionData partition in response.Responses.SelectMany(topic => topic.Partitions))
        {
            if (IsPassing((ErrorCode)partition.ErrorCode, "Fetch"))
            {
                continue;
            }

            byte[] records = partition.Records is { } bytes ? bytes.ToArray() : [];
            AddRecords(records, partition.PartitionIndex, from[partition.PartitionIndex], found);
        }

        return found;
    }

    private static void AddRecords(byte[] records, int partition, long from, List<(Position, RecordId)> found)
    {
        foreach (RecordBatchView batch in new RecordBatchEnumerator(records))
        {
            Assert.True(batch.IsCrcValid, $"partition {partition} served a damaged batch at offset {batch.BaseOffset}");
            using RecordReader reader = RecordReader.Open(batch.WholeBatch.ToArray(), FetchBytes);
            while (reader.TryRead(out Record record))
            {
                // A fetch in mid-batch returns the whole batch.
                if (record.Offset >= from)
                {
                    found.Add((new Position(partition, record.Offset), Identify(record)));
                }
            }
        }
    }

    private static RecordId Identify(Record record)
    {
        string value = Encoding.UTF8.GetString(record.Value!.Value.Span);
        int producer = int.Parse(record.Key!.Value.Span, CultureInfo.InvariantCulture);
        ReadOnlySpan<char> number = value.AsSpan(0, value.IndexOf(':', StringComparison.Ordinal));
        return new RecordId(producer, long.Parse(number, CultureInfo.InvariantCulture));
    }

    private async Task<Dictionary<int, long>> OffsetsAsync(RawConnection connection, long which, CancellationToken cancellation)
    {
        ListOffsetsRequest.ListOffsetsTopic topic = new()
        {
            Name = Name,
            Partitions = [.. Enumerable.Range(0, Partitions).Select(partition =>
                new ListOffsetsRequest.ListOffsetsPartition { PartitionIndex = partition, CurrentLeaderEpoch = -1, Timestamp = which })],
        };
        ListOffsetsRequest request = new() { ReplicaId = NoReplica, Topics = [topic] };
        while (true)
        {
            ListOffsetsResponse response = await connection.CallAsync<ListOffsetsResponse>(request, ListOffsetsVersion, cancellation);
            List<ListOffsetsResponse.ListOffsetsPartitionResponse> answers = response.Topics.Single().Partitions;
            if (!answers.Exists(answer => IsPassing((ErrorCode)answer.ErrorCode, "ListOffsets")))
            {
                return answers.ToDictionary(answer => answer.PartitionIndex, answer => answer.Offset);
            }

            await Task.Delay(Pause, cancellation);
        }
    }

    // Whether to ask again, since the partition is not open yet; any other error is none that a broker may give here.
    private static bool IsPassing(ErrorCode error, string api) => error switch
    {
        ErrorCode.None => false,
        ErrorCode.NotLeaderOrFollower or ErrorCode.LeaderNotAvailable or ErrorCode.UnknownTopicOrPartition
            or ErrorCode.KafkaStorageError => true,
        _ => throw new ProtocolViolationException($"{api} was answered with {error}"),
    };
}
