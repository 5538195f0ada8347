using Broker.Simulation.Model;
using Broker.Simulation.Node;
using Broker.TestSupport.Simulation;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Simulation.Clients;

/// <summary>Deletes a partition's oldest records now and then, often all that are known of.</summary>
internal sealed class RecordsDeleter(SimulatedWorld world, Cluster cluster, PartitionModel partition)
{
    private const short DeleteVersion = 2;
    private const int TimeoutMs = 5000;

    // What the request means by "all that there are".
    private const long ToHighWatermark = -1;

    public async Task RunAsync(Func<bool> isOver)
    {
        while (!isOver() && !partition.Topic.IsDeleting)
        {
            await world.DelayAsync(world.Between(200, 10_000));
            if (!isOver() && !partition.Topic.IsDeleting)
            {
                await DeleteAsync();
            }
        }
    }

    private async Task DeleteAsync()
    {
        long before = world.Random.Next(4) switch
        {
            0 => ToHighWatermark,
            1 => partition.End,
            _ => world.Random.NextInt64(partition.Start, partition.End + 1),
        };
        partition.MayBeginAt(before == ToHighWatermark ? long.MaxValue : before);
        try
        {
            SimulatedConnection connection = await SimulatedConnection.OpenAsync(await cluster.AnyServingAsync());
            (long knownStart, bool isNewest) = (partition.Start, connection.Node == cluster.Newest);
            DeleteRecordsResponse response = await connection.CallAsync<DeleteRecordsResponse>(Request(before), DeleteVersion);
            connection.Drop();
            DeleteRecordsResponse.DeleteRecordsPartitionResult answer = response.Topics[0].Partitions[0];
            world.Note("deleter", "deleted", partition.Name, before, answer.ErrorCode != 0 ? -answer.ErrorCode : answer.LowWatermark);
            Judge(answer, before, isNewest && connection.Node == cluster.Newest, knownStart);
        }
        catch (ConnectionBrokenException)
        {
            // Done or not: the model counts with both.
        }
    }

    private void Judge(DeleteRecordsResponse.DeleteRecordsPartitionResult answer, long before, bool isNewest, long knownStart)
    {
        switch ((ErrorCode)answer.ErrorCode)
        {
            case ErrorCode.None when answer.LowWatermark < before:
                throw new ViolationException($"L8: {partition.Name} was to begin at {before}, and begins at {answer.LowWatermark}");
            case ErrorCode.None when isNewest && !partition.Topic.IsDeleting:
                partition.Begins(answer.LowWatermark, knownStart);
                break;
            case ErrorCode.None or ErrorCode.KafkaStorageError or ErrorCode.NotLeaderOrFollower or ErrorCode.RequestTimedOut:
                break;
            case ErrorCode.OffsetOutOfRange when !isNewest:
                break;
            case ErrorCode.UnknownTopicOrPartition when partition.Topic.IsDeleting || !isNewest:
                break;
            default:
                throw new ViolationException($"{partition.Name} refuses a deletion to {before} with {(ErrorCode)answer.ErrorCode}");
        }
    }

    private DeleteRecordsRequest Request(long before) => new()
    {
        TimeoutMs = TimeoutMs,
        Topics =
        [
            new DeleteRecordsRequest.DeleteRecordsTopic
            {
                Name = partition.Topic.Name,
                Partitions = [new DeleteRecordsRequest.DeleteRecordsPartition { PartitionIndex = partition.Index, Offset = before }],
            },
        ],
    };
}
