using System.Buffers;
using Broker.Chaos.Histories;
using Broker.TestSupport.Clients;
using Broker.Wire;
using Broker.Wire.Messages;
using Broker.Wire.Records;

namespace Broker.Chaos.Clients;

/// <summary>A consumer of one partition that begins at its first offset, goes on from where it was, and never seeks.</summary>
/// <param name="number">Its number in the history.</param>
/// <param name="partition">What it reads.</param>
/// <param name="client">How it finds the leader.</param>
/// <param name="history">Takes down what it gets.</param>
internal sealed class RawConsumer(int number, int partition, ClusterClient client, HistoryRecorder history)
{
    private const short FetchVersion = 12;
    private const int MaxBytes = 256 * 1024;
    private const int MaxWaitMs = 500;
    private long _position;

    public int Partition => partition;

    /// <summary>The offset that it reads next; may be read while it runs.</summary>
    public long Position => Volatile.Read(ref _position);

    /// <summary>Reads until <paramref name="cancellation"/> comes.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(records => history.Polled(new Poll(number, 0, partition, history.Now, records)), () => false, cancellation);
                await Task.Delay(ClusterClient.Pause, cancellation);
            }
            catch (Exception gone) when (ClusterClient.IsAbsence(gone))
            {
                // It looks for the leader anew.
            }
        }
    }

    /// <summary>All that the partition has, from its first offset to the end that its leader tells.</summary>
    public static async Task<IReadOnlyList<Seen>> ReadAllAsync(int partition, ClusterClient client, HistoryRecorder history, CancellationToken cancellation)
    {
        RawConsumer reader = new(-1, partition, client, history);
        List<Seen> all = [];
        long end = await reader.EndAsync(cancellation);
        await ClusterClient.UntilAsync(
            async turn =>
            {
                await reader.FollowAsync(all.AddRange, () => reader._position >= end, turn);
                return reader._position >= end;
            },
            cancellation);
        return all;
    }

    /// <summary>The offset behind the partition's last record, as its leader tells it.</summary>
    public async Task<long> EndAsync(CancellationToken cancellation)
    {
        long end = -1;
        ListOffsetsRequest request = new()
        {
            ReplicaId = -1,
            Topics = [new ListOffsetsRequest.ListOffsetsTopic { Name = client.Topic, Partitions = [new ListOffsetsRequest.ListOffsetsPartition { PartitionIndex = partition, Timestamp = -1, CurrentLeaderEpoch = -1 }] }],
        };
        await ClusterClient.UntilAsync(
            async turn =>
            {
                if (await client.FindLeaderAsync(partition, turn) is not { } leader)
                {
                    return false;
                }

                await using RawConnection connection = leader.Connection;
                ListOffsetsResponse.ListOffsetsPartitionResponse got = (await connection.CallAsync<ListOffsetsResponse>(request, 7, turn)).Topics[0].Partitions[0];
                end = got.Offset;
                return got.ErrorCode == (short)ErrorCode.None;
            },
            cancellation);
        return end;
    }

    private async Task FollowAsync(Action<IReadOnlyList<Seen>> take, Func<bool> isDone, CancellationToken cancellation)
    {
        if (isDone() || await FindAsync(cancellation) is not { } leader)
        {
            return;
        }

        await using RawConnection connection = leader.Connection;
        while (!isDone())
        {
            using CancellationTokenSource turn = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            turn.CancelAfter(ClusterClient.RequestPatience);
            FetchResponse.PartitionData got = (await connection.CallAsync<FetchResponse>(Request(), FetchVersion, turn.Token)).Responses[0].Partitions[0];
            if (got.ErrorCode == (short)ErrorCode.OffsetOutOfRange)
            {
                history.Violated($"consumer {number} at offset {_position} of partition {partition} is told by node {leader.Node} in epoch {leader.Epoch} that this is out of range (end {got.HighWatermark})");
            }

            if (got.ErrorCode != (short)ErrorCode.None)
            {
                return;
            }

            if (got.Records is { IsEmpty: false } records && Decode(records.ToArray()) is { Count: > 0 } seen)
            {
                take(seen);
                Volatile.Write(ref _position, seen[^1].Offset + 1);
            }
        }
    }

    private async Task<LeaderLink?> FindAsync(CancellationToken cancellation)
    {
        using CancellationTokenSource turn = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        turn.CancelAfter(ClusterClient.RequestPatience);
        return await client.FindLeaderAsync(partition, turn.Token);
    }

    private FetchRequest Request() => new()
    {
        MaxBytes = MaxBytes,
        MinBytes = 1,
        MaxWaitMs = MaxWaitMs,
        Topics =
        [
            new FetchRequest.FetchTopic
            {
                Topic = client.Topic,
                Partitions = [new FetchRequest.FetchPartition { Partition = partition, FetchOffset = _position, PartitionMaxBytes = MaxBytes, CurrentLeaderEpoch = -1 }],
            },
        ],
    };

    // A batch begins before the offset that was asked for where that lies in its middle: clients leave out what comes before.
    private List<Seen> Decode(byte[] records)
    {
        List<Seen> seen = [];
        for (int position = 0; position < records.Length;)
        {
            byte[] batch = new RecordBatchView(records.AsSpan(position)).WholeBatch.ToArray();
            position += batch.Length;
            using RecordReader reader = RecordReader.Open(batch, 1 << 20);
            while (reader.TryRead(out Wire.Records.Record record))
            {
                if (record.Offset is var offset && offset >= _position)
                {
                    seen.Add(new Seen(offset, RecordId.Parse(System.Text.Encoding.UTF8.GetString(record.Value!.Value.Span))));
                }
            }
        }

        return seen;
    }
}
