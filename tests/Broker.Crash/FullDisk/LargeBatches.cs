using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using Broker.Crash.Pipelined;
using Broker.TestSupport.Clients;
using Broker.Wire;
using Broker.Wire.Messages;
using Broker.Wire.Records;
using Record = Broker.Wire.Records.Record;

namespace Broker.Crash.FullDisk;

/// <summary>Large numbered records, one a request; and what was acknowledged of them.</summary>
internal sealed class LargeBatches(CrashTopic topic, int port, int partition = 0)
{
    private const int ValueBytes = 900_000;
    private const short ProduceVersion = 11;
    private const short FetchVersion = 12;

    /// <summary>What clients give a request by default: an answer must come before that.</summary>
    private static readonly TimeSpan ClientTimeout = TimeSpan.FromSeconds(30);

    private readonly Dictionary<long, long> _numberByOffset = [];
    private int _port = port;
    private long _nextNumber;

    public int Acknowledged => _numberByOffset.Count;

    /// <summary>What the broker said with its last error.</summary>
    public string? LastError { get; private set; }

    public static async Task<LargeBatches> CreateAsync(int port, string topicName = "full")
    {
        CrashTopic topic = new(topicName, 1);
        await using RawConnection connection = await RawConnection.ConnectAsync(port, CancellationToken.None);
        await topic.CreateAsync(connection, CancellationToken.None);
        return new LargeBatches(topic, port);
    }

    /// <summary>Goes on with the broker at another port.</summary>
    public void MoveTo(int newPort) => _port = newPort;

    /// <summary>Sends records until one is answered with an error, or so many were acknowledged.</summary>
    public async Task<ErrorCode> ProduceAsync(int most = int.MaxValue)
    {
        await using RawConnection connection = await RawConnection.ConnectAsync(_port, CancellationToken.None);
        for (int i = 0; i < most; i++)
        {
            using CancellationTokenSource deadline = new(ClientTimeout);
            ProduceResponse response = await connection.CallAsync<ProduceResponse>(Request(_nextNumber), ProduceVersion, deadline.Token);
            ProduceResponse.PartitionProduceResponse answer = response.Responses.Single().PartitionResponses.Single();
            if (answer.ErrorCode != 0)
            {
                LastError = answer.ErrorMessage;
                return (ErrorCode)answer.ErrorCode;
            }

            _numberByOffset.Add(answer.BaseOffset, _nextNumber++);
        }

        return ErrorCode.None;
    }

    /// <summary>Sends one record; what it was answered, none where the connection ended before or was refused.</summary>
    public async Task<ErrorCode?> ProduceToOneThatEndsAsync()
    {
        try
        {
            return await ProduceAsync(1);
        }
        catch (Exception ended) when (ended is IOException or SocketException)
        {
            return null;
        }
    }

    /// <summary>Tries until so many records are acknowledged.</summary>
    public async Task ProduceInTheEndAsync(int count, TimeSpan patience)
    {
        using CancellationTokenSource deadline = new(patience);
        int wanted = Acknowledged + count;
        while (Acknowledged < wanted)
        {
            ErrorCode error = await ProduceAsync(wanted - Acknowledged);
            Assert.Contains(error, new[] { ErrorCode.None, ErrorCode.KafkaStorageError });
            await Task.Delay(TimeSpan.FromMilliseconds(100), deadline.Token);
        }
    }

    /// <summary>Reads the first record.</summary>
    public async Task ReadFirstAsync()
    {
        await using RawConnection connection = await RawConnection.ConnectAsync(_port, CancellationToken.None);
        Assert.Equal(0, (await ReadAsync(connection, 0))[0].Number);
    }

    /// <summary>Reads everything: each acknowledged record is where it was said to be.</summary>
    public async Task VerifyAsync()
    {
        await using RawConnection connection = await RawConnection.ConnectAsync(_port, CancellationToken.None);
        long end = (await topic.EndOffsetsAsync(connection, CancellationToken.None))[partition];
        Dictionary<long, long> stored = [];
        for (long next = 0; next < end; next = stored.Keys.Max() + 1)
        {
            foreach ((long offset, long number) in await ReadAsync(connection, next))
            {
                stored[offset] = number;
            }
        }

        Assert.All(_numberByOffset, pair => Assert.Equal(pair.Value, stored.GetValueOrDefault(pair.Key, -1)));
    }

    /// <summary>Reads at an offset; the error, and the numbers of the records that came.</summary>
    public async Task<(ErrorCode Error, IReadOnlyList<long> Numbers)> TryReadAsync(long from)
    {
        await using RawConnection connection = await RawConnection.ConnectAsync(_port, CancellationToken.None);
        FetchResponse.PartitionData answer = await FetchAsync(connection, from);
        return ((ErrorCode)answer.ErrorCode, answer.ErrorCode == 0 ? [.. RecordsOf(answer).Select(record => record.Number)] : []);
    }

    private ProduceRequest Request(long number)
    {
        byte[] value = new byte[ValueBytes];
        new Random((int)number).NextBytes(value);
        BinaryPrimitives.WriteInt64LittleEndian(value, number);
        using RecordBatchBuilder builder = new(new RecordBatchOptions());
        builder.Append(0, null, value);
        ProduceRequest.PartitionProduceData data = new() { Index = partition, Records = new ReadOnlySequence<byte>(builder.ToArray()) };
        return new ProduceRequest
        {
            Acks = -1,
            TimeoutMs = (int)ClientTimeout.TotalMilliseconds,
            TopicData = [new ProduceRequest.TopicProduceData { Name = topic.Name, PartitionData = [data] }],
        };
    }

    private async Task<List<(long Offset, long Number)>> ReadAsync(RawConnection connection, long from)
    {
        FetchResponse.PartitionData answer = await FetchAsync(connection, from);
        Assert.Equal(ErrorCode.None, (ErrorCode)answer.ErrorCode);
        return RecordsOf(answer);
    }

    private async Task<FetchResponse.PartitionData> FetchAsync(RawConnection connection, long from)
    {
        FetchRequest request = new()
        {
            ReplicaId = -1,
            MaxWaitMs = 100,
            MinBytes = 1,
            MaxBytes = 8 * ValueBytes,
            SessionEpoch = -1,
            Topics =
            [
                new FetchRequest.FetchTopic
                {
                    Topic = topic.Name,
                    Partitions = [new FetchRequest.FetchPartition { Partition = partition, CurrentLeaderEpoch = -1, FetchOffset = from, LastFetchedEpoch = -1, LogStartOffset = -1, PartitionMaxBytes = 8 * ValueBytes }],
                },
            ],
        };
        using CancellationTokenSource deadline = new(ClientTimeout);
        FetchResponse response = await connection.CallAsync<FetchResponse>(request, FetchVersion, deadline.Token);
        return response.Responses.Single().Partitions.Single();
    }

    private static List<(long Offset, long Number)> RecordsOf(FetchResponse.PartitionData answer)
    {
        List<(long, long)> found = [];
        foreach (RecordBatchView batch in new RecordBatchEnumerator(answer.Records!.Value.ToArray()))
        {
            using RecordReader reader = RecordReader.Open(batch.WholeBatch.ToArray(), 2 * ValueBytes);
            while (reader.TryRead(out Record record))
            {
                found.Add((record.Offset, BinaryPrimitives.ReadInt64LittleEndian(record.Value!.Value.Span)));
            }
        }

        return found;
    }
}
