using System.Net;
using System.Net.Sockets;
using Broker.TestSupport.Clients;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Chaos.Clients;

/// <summary>A connection to the node that metadata named as a partition's leader.</summary>
internal sealed record LeaderLink(RawConnection Connection, int Node, int Epoch);

/// <summary>What a client knows of a cluster: some addresses to begin with, and what metadata say. It asks one after the other.</summary>
/// <param name="topic">The topic it is about.</param>
/// <param name="bootstrap">Brokers, whether they live or not.</param>
internal sealed class ClusterClient(string topic, IReadOnlyList<IPEndPoint> bootstrap)
{
    /// <summary>A broker that is frozen takes connections and says nothing: as any client, it asks another then. Longer than a PUT that is sent again takes.</summary>
    public static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(5);

    /// <summary>Between two looks for a leader: short beside a take-over, long beside a round trip.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private const short MetadataVersion = 12;
    private int _asked = Random.Shared.Next(bootstrap.Count);

    public string Topic => topic;

    /// <summary>Whether that is how a broker's or a link's absence shows.</summary>
    public static bool IsAbsence(Exception exception) => exception is IOException or SocketException or OperationCanceledException;

    /// <summary>A connection to the partition's leader, by the metadata of one broker; null: that knows of none.</summary>
    public async Task<LeaderLink?> FindLeaderAsync(int partition, CancellationToken cancellation)
    {
        MetadataResponse metadata = await MetadataAsync(cancellation);
        MetadataResponse.MetadataResponsePartition? found = metadata.Topics[0].Partitions.FirstOrDefault(one => one.PartitionIndex == partition && one.ErrorCode == 0);
        MetadataResponse.MetadataResponseBroker? leader = found is null ? null : metadata.Brokers.FirstOrDefault(broker => broker.NodeId == found.LeaderId);
        return leader is null
            ? null
            : new LeaderLink(await RawConnection.ConnectAsync(IPAddress.Parse(leader.Host), leader.Port, cancellation), leader.NodeId, found!.LeaderEpoch);
    }

    /// <summary>How many partitions each broker leads, by the metadata of one.</summary>
    public async Task<IReadOnlyDictionary<int, int>> LedAsync(CancellationToken cancellation)
    {
        await using RawConnection any = await ConnectAsync(cancellation);
        MetadataResponse metadata = await any.CallAsync<MetadataResponse>(new MetadataRequest { Topics = null }, MetadataVersion, cancellation);
        return metadata.Topics.SelectMany(one => one.Partitions).CountBy(partition => partition.LeaderId).ToDictionary();
    }

    /// <summary>Makes the topic, by whichever broker answers.</summary>
    public async Task CreateTopicAsync(int partitions, CancellationToken cancellation)
    {
        CreateTopicsRequest request = new() { Topics = [new CreateTopicsRequest.CreatableTopic { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }], timeoutMs = 30_000 };
        await UntilAsync(
            async turn =>
            {
                await using RawConnection any = await ConnectAsync(turn);
                short error = (await any.CallAsync<CreateTopicsResponse>(request, 7, turn)).Topics[0].ErrorCode;
                return error is (short)ErrorCode.None or (short)ErrorCode.TopicAlreadyExists;
            },
            cancellation);
    }

    /// <summary>Tries again until it succeeds, each time with patience for a request, as clients do.</summary>
    public static async Task UntilAsync(Func<CancellationToken, Task<bool>> attempt, CancellationToken cancellation)
    {
        while (true)
        {
            using CancellationTokenSource turn = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            turn.CancelAfter(RequestPatience);
            try
            {
                if (await attempt(turn.Token))
                {
                    return;
                }
            }
            catch (Exception gone) when (IsAbsence(gone) && !cancellation.IsCancellationRequested)
            {
                // Another broker is asked, or the same one again.
            }

            await Task.Delay(Pause, cancellation);
        }
    }

    private async Task<MetadataResponse> MetadataAsync(CancellationToken cancellation)
    {
        await using RawConnection any = await ConnectAsync(cancellation);
        return await any.CallAsync<MetadataResponse>(new MetadataRequest { Topics = [new MetadataRequest.MetadataRequestTopic { Name = topic }] }, MetadataVersion, cancellation);
    }

    /// <summary>A connection to another of the brokers that it began with, each time.</summary>
    public Task<RawConnection> ConnectAsync(CancellationToken cancellation)
    {
        IPEndPoint next = bootstrap[_asked++ % bootstrap.Count];
        return RawConnection.ConnectAsync(next.Address, next.Port, cancellation);
    }
}
