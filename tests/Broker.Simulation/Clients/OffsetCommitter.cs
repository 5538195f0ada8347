using Broker.Simulation.Model;
using Broker.Simulation.Node;
using Broker.TestSupport.Simulation;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Simulation.Clients;

/// <summary>A consumer that assigns itself one partition, and commits offsets in the name of a group of its own; now and then it asks for them.</summary>
internal sealed class OffsetCommitter(SimulatedWorld world, Cluster cluster, OffsetModel model)
{
    private const short FindVersion = 6;
    private const short CommitVersion = 10;
    private const short FetchVersion = 10;
    private const int NoGeneration = -1;

    // What cannot be read while nothing fails is lost.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private SimulatedConnection? _connection;

    /// <summary>Commits until <paramref name="isOver"/>.</summary>
    public async Task RunAsync(Func<bool> isOver)
    {
        int maxPauseMs = world.Random.Next(100, 3000);
        while (!isOver() && !model.Partition.Topic.IsDeleting)
        {
            await world.DelayAsync(world.Between(1, maxPauseMs));
            await (world.Chance(800) ? AttemptAsync(CommitAsync, isFinal: false) : AttemptAsync(FetchAsync, isFinal: false));
        }
    }

    /// <summary>Asks the newest run what is committed, until it says so.</summary>
    public async Task CheckAsync()
    {
        TimeSpan deadline = world.Elapsed + Patience;
        while (!model.Partition.Topic.IsDeleting && !await AttemptAsync(FetchAsync, isFinal: true))
        {
            if (world.Elapsed > deadline)
            {
                throw new ViolationException($"L11: nobody says what {model.Group} has committed");
            }

            await world.DelayAsync(world.Between(20, 300));
        }
    }

    /// <summary>Loses the connection.</summary>
    public void Disconnect() => _connection?.Drop();

    private async Task<bool> AttemptAsync(Func<SimulatedConnection, Task<bool>> attempt, bool isFinal)
    {
        try
        {
            if (_connection is null or { IsBroken: true } || (isFinal && _connection.Node != cluster.Newest))
            {
                _connection?.Drop();
                _connection = await SimulatedConnection.OpenAsync(isFinal ? await cluster.NewestServingAsync() : await cluster.AnyServingAsync());
                FindCoordinatorRequest find = new() { KeyType = 0, CoordinatorKeys = [model.Group] };
                FindCoordinatorResponse found = await _connection.CallAsync<FindCoordinatorResponse>(find, FindVersion);
                world.Note("committer", "coordinator", model.Group, found.Coordinators[0].ErrorCode);
            }

            bool went = await attempt(_connection);
            if (!went && world.Chance(200))
            {
                // Whoever answers so may have been followed, and not have noticed.
                _connection.Drop();
            }

            return went;
        }
        catch (ConnectionBrokenException)
        {
            return false;
        }
    }

    private async Task<bool> CommitAsync(SimulatedConnection connection)
    {
        long offset = model.Next(connection.Node.Number);
        OffsetCommitResponse response = await connection.CallAsync<OffsetCommitResponse>(CommitRequest(offset), CommitVersion);
        ErrorCode error = (ErrorCode)response.Topics[0].Partitions[0].ErrorCode;
        world.Note("committer", "committed", model.Group, offset, (long)error);
        if (error == ErrorCode.None)
        {
            model.Acknowledge(connection.Node.Number);
        }

        return IsDone(error);
    }

    private async Task<bool> FetchAsync(SimulatedConnection connection)
    {
        bool isNewest = connection.Node == cluster.Newest;
        OffsetFetchResponse response = await connection.CallAsync<OffsetFetchResponse>(FetchRequest(), FetchVersion);
        OffsetFetchResponse.OffsetFetchResponseGroup group = response.Groups[0];
        OffsetFetchResponse.OffsetFetchResponsePartitions? answer = group.Topics.FirstOrDefault()?.Partitions[0];
        ErrorCode error = (ErrorCode)(group.ErrorCode != 0 ? group.ErrorCode : answer!.ErrorCode);
        world.Note("committer", "fetched", model.Group, answer?.CommittedOffset ?? OffsetModel.None, (long)error);
        if (error == ErrorCode.None && isNewest && !model.Partition.Topic.IsDeleting)
        {
            model.Read(connection.Node.Number, answer!.CommittedOffset, answer.Metadata);
        }

        return IsDone(error);
    }

    private bool IsDone(ErrorCode error) => error switch
    {
        ErrorCode.None => true,
        ErrorCode.CoordinatorNotAvailable or ErrorCode.NotCoordinator or ErrorCode.CoordinatorLoadInProgress or ErrorCode.UnknownTopicId => false,
        _ => throw new ViolationException($"{model.Group} is answered with {error}"),
    };

    private OffsetCommitRequest CommitRequest(long offset) => new()
    {
        GroupId = model.Group,
        GenerationIdOrMemberEpoch = NoGeneration,
        MemberId = "",
        Topics =
        [
            new OffsetCommitRequest.OffsetCommitRequestTopic
            {
                TopicId = model.Partition.Topic.Id,
                Partitions =
                [
                    new OffsetCommitRequest.OffsetCommitRequestPartition
                    {
                        PartitionIndex = model.Partition.Index, CommittedOffset = offset, CommittedLeaderEpoch = -1, CommittedMetadata = OffsetModel.MetadataOf(offset),
                    },
                ],
            },
        ],
    };

    private OffsetFetchRequest FetchRequest() => new()
    {
        Groups =
        [
            new OffsetFetchRequest.OffsetFetchRequestGroup
            {
                GroupId = model.Group,
                MemberEpoch = NoGeneration,
                Topics = [new OffsetFetchRequest.OffsetFetchRequestTopics { TopicId = model.Partition.Topic.Id, PartitionIndexes = [model.Partition.Index] }],
            },
        ],
    };
}
