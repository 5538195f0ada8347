using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Broker.TestSupport.Clients;
using Broker.Wire;
using Broker.Wire.Messages;
using Broker.Wire.Records;

namespace Broker.Crash.Cluster;

/// <summary>An idempotent producer of one partition, as a client that is patient: it finds the leader, and sends a batch again until it is acknowledged.</summary>
internal sealed class ClusterWriter(string topic, int partition, long producerId, IReadOnlyList<int> ports) : IAsyncDisposable
{
    /// <summary>What a take-over takes on a machine that is busy with all of a cluster, many times over.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>A broker that is frozen takes connections and says nothing: as any client, it asks another then.</summary>
    private static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private RawConnection? _leader;
    private int _asked;

    /// <summary>How many were acknowledged.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>Writes the next numbers, one batch each.</summary>
    public async Task WriteAsync(int count)
    {
        for (int i = 0; i < count; i++)
        {
            long offset = await UntilAsync((connection, turn) => ProduceAsync(connection, Acknowledged, turn));
            Assert.Equal(Acknowledged, offset);
            Acknowledged++;
        }
    }

    /// <summary>All values that the partition has.</summary>
    public async Task<IReadOnlyList<int>> ReadAsync()
    {
        List<int> values = [];
        while (values.Count < Acknowledged)
        {
            values.AddRange(await UntilAsync((connection, turn) => FetchAsync(connection, values.Count, turn)));
        }

        return values;
    }

    public async ValueTask DisposeAsync() => await (_leader?.DisposeAsync() ?? ValueTask.CompletedTask);

    private async Task<T> UntilAsync<T>(Func<RawConnection, CancellationToken, Task<(bool Succeeded, T Value)>> attempt)
    {
        using CancellationTokenSource patience = new(Patience);
        while (true)
        {
            using CancellationTokenSource turn = CancellationTokenSource.CreateLinkedTokenSource(patience.Token);
            turn.CancelAfter(RequestPatience);
            try
            {
                _leader ??= await FindLeaderAsync(turn.Token);
                if (_leader is not null && await attempt(_leader, turn.Token) is (true, var value))
                {
                    return value;
                }
            }
            catch (Exception gone) when (gone is IOException or SocketException || (gone is OperationCanceledException && !patience.IsCancellationRequested))
            {
                // As any client, it looks for another.
            }

            await DisposeAsync();
            _leader = null;
            await Task.Delay(Pause, patience.Token);
        }
    }

    private async Task<RawConnection?> FindLeaderAsync(CancellationToken cancellation)
    {
        await using RawConnection any = await RawConnection.ConnectAsync(ports[_asked++ % ports.Count], cancellation);
        MetadataRequest request = new() { Topics = [new MetadataRequest.MetadataRequestTopic { Name = topic }] };
        MetadataResponse metadata = await any.CallAsync<MetadataResponse>(request, 12, cancellation);
        int? leader = metadata.Topics[0].Partitions.FirstOrDefault(one => one.PartitionIndex == partition && one.ErrorCode == 0)?.LeaderId;
        return metadata.Brokers.FirstOrDefault(broker => broker.NodeId == leader) is { } found ? await RawConnection.ConnectAsync(found.Port, cancellation) : null;
    }

    private async Task<(bool, long)> ProduceAsync(RawConnection connection, int number, CancellationToken cancellation)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions { ProducerId = producerId, ProducerEpoch = 0, BaseSequence = number });
        builder.Append(1_700_000_000_000, null, Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = 10_000,
            TopicData = [new ProduceRequest.TopicProduceData { Name = topic, PartitionData = [new ProduceRequest.PartitionProduceData { Index = partition, Records = new ReadOnlySequence<byte>(builder.ToArray()) }] }],
        };
        ProduceResponse.PartitionProduceResponse got = (await connection.CallAsync<ProduceResponse>(request, 9, cancellation)).Responses[0].PartitionResponses[0];
        return (got.ErrorCode == (short)ErrorCode.None, got.BaseOffset);
    }

    private async Task<(bool, List<int>)> FetchAsync(RawConnection connection, long from, CancellationToken cancellation)
    {
        FetchRequest request = new()
        {
            MaxBytes = 1 << 20,
            MinBytes = 1,
            MaxWaitMs = 1_000,
            Topics =
            [
                new FetchRequest.FetchTopic
                {
                    Topic = topic,
                    Partitions = [new FetchRequest.FetchPartition { Partition = partition, FetchOffset = from, PartitionMaxBytes = 1 << 20, CurrentLeaderEpoch = -1 }],
                },
            ],
        };
        FetchResponse.PartitionData got = (await connection.CallAsync<FetchResponse>(request, 12, cancellation)).Responses[0].Partitions[0];
        return got.ErrorCode == (short)ErrorCode.None && got.Records is { IsEmpty: false } records ? (true, Values(records.ToArray())) : (false, []);
    }

    private static List<int> Values(byte[] records)
    {
        List<int> values = [];
        for (int position = 0; position < records.Length;)
        {
            byte[] batch = new RecordBatchView(records.AsSpan(position)).WholeBatch.ToArray();
            position += batch.Length;
            using RecordReader reader = RecordReader.Open(batch, 1 << 20);
            while (reader.TryRead(out Wire.Records.Record record))
            {
                values.Add(int.Parse(record.Value!.Value.Span, CultureInfo.InvariantCulture));
            }
        }

        return values;
    }
}
