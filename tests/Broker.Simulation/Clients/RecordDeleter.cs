using Broker.Simulation.Model;
using Broker.Simulation.Node;
using Broker.TestSupport.Simulation;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Simulation.Clients;

/// <summary>Has the first records of one partition deleted now and then, to some offset or all that there are, asking until the answer is clear.</summary>
internal sealed class RecordDeleter(SimulatedWorld world, Cluster cluster, PartitionModel partition)
{
    private const short DeleteVersion = 2;
    private const int TimeoutMs = 5000;
    private const long ToTheEnd = -1;

    private SimulatedConnection? _connection;

    /// <summary>Deletes until <paramref name="isOver"/>.</summary>
    public async Task RunAsync(Func<bool> isOver)
    {
        int maxPauseMs = world.Random.Next(1000, 15_000);
        while (!isOver() && !partition.Topic.IsDeleting)
        {
            await world.DelayAsync(world.Between(100, maxPauseMs));
            if (partition.End > 0)
            {
                await DeleteAsync(world.Random.Next(4) switch
                {
                    0 => ToTheEnd,
                    1 => partition.End,
                    _ => world.Random.NextInt64(partition.Start, partition.End + 1),
                });
            }
        }
    }

    /// <summary>Loses the connection.</summary>
    public void Disconnect() => _connection?.Drop();

    private async Task DeleteAsync(long before)
    {
        while (!partition.Topic.IsDeleting)
        {
            if (await TryDeleteAsync(before))
            {
                return;
            }

            await world.DelayAsync(world.Between(20, 500));
        }
    }

    private async Task<bool> TryDeleteAsync(long before)
    {
        try
        {
            _connection = await SimulatedConnection.OpenAsync(await cluster.AnyServingAsync());
            partition.AskToDelete(before == ToTheEnd ? null : before);

            // All that is known to be there has to go, and what comes until the request arrives may. A run that was followed knows an earlier end.
            bool isNewest = _connection.Node == cluster.Newest;
            long knownEnd = isNewest ? partition.End : 0;
            DeleteRecordsResponse response = await _connection.CallAsync<DeleteRecordsResponse>(Request(before), DeleteVersion);
            _connection.Drop();
            DeleteRecordsResponse.DeleteRecordsPartitionResult answer = response.Topics[0].Partitions[0];
            world.Note("deleter", "deleted", partition.Name, before, answer.ErrorCode != 0 ? -answer.ErrorCode : answer.LowWatermark);
            switch ((ErrorCode)answer.ErrorCode)
            {
                case ErrorCode.None:
                    partition.Deleted(before == ToTheEnd ? knownEnd : before, before == ToTheEnd, answer.LowWatermark);
                    return true;
                case ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError or ErrorCode.RequestTimedOut:
                case ErrorCode.UnknownTopicOrPartition when !isNewest || partition.Topic.IsDeleting:
                case ErrorCode.OffsetOutOfRange when !isNewest:
                    return false;
                case ErrorCode.OffsetOutOfRange:
                    throw new ViolationException($"L1: {partition.Name} does not know {before}, and {knownEnd - 1} was acknowledged or read before");
                default:
                    throw new ViolationException($"{partition.Name} answers a deletion with {(ErrorCode)answer.ErrorCode}");
            }
        }
        catch (ConnectionBrokenException)
        {
            return false;
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
