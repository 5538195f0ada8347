using Broker.Simulation.Model;
using Broker.Simulation.Node;
using Broker.TestSupport.Simulation;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Simulation.Clients;

/// <summary>Makes and deletes topics, asking until the answer is clear.</summary>
internal sealed class TopicAdmin(SimulatedWorld world, IBrokers cluster)
{
    private const short CreateVersion = 7;
    private const short DeleteVersion = 6;
    private const short MetadataVersion = 12;
    private const int TimeoutMs = 5000;

    /// <summary>Makes the topic, and learns its id.</summary>
    public async Task CreateAsync(TopicModel topic)
    {
        while (topic.Id == Guid.Empty)
        {
            CreateTopicsResponse? created = await CallAsync<CreateTopicsResponse>(CreateRequest(topic), CreateVersion);
            ErrorCode error = (ErrorCode)(created?.Topics[0].ErrorCode ?? (short)ErrorCode.NetworkException);
            topic.Id = error switch
            {
                ErrorCode.None => created!.Topics[0].TopicId,

                // An earlier try that was not answered. (A topic of this name that was deleted is gone: its deletion was confirmed.)
                ErrorCode.TopicAlreadyExists => await FindAsync(topic.Name),
                _ => Guid.Empty,
            };
            await world.DelayAsync(world.Between(1, 300));
        }

        world.Note("admin", "created", topic.Name);
    }

    /// <summary>Deletes the topic.</summary>
    public async Task DeleteAsync(TopicModel topic)
    {
        topic.IsDeleting = true;
        DeleteTopicsRequest request = new() { TimeoutMs = TimeoutMs, Topics = [new DeleteTopicsRequest.DeleteTopicState { TopicId = topic.Id }] };
        while (!topic.IsDeleted)
        {
            DeleteTopicsResponse? deleted = await CallAsync<DeleteTopicsResponse>(request, DeleteVersion);
            topic.IsDeleted = deleted is not null && (ErrorCode)deleted.Responses[0].ErrorCode is ErrorCode.None or ErrorCode.UnknownTopicId;
            await world.DelayAsync(world.Between(1, 300));
        }

        world.Note("admin", "deleted", topic.Name);
    }

    /// <summary>Compares the topics that there are with those that there should be.</summary>
    public async Task CheckTopicsAsync(LogModel model)
    {
        MetadataResponse? all = null;
        while (all is null)
        {
            all = await CallAsync<MetadataResponse>(new MetadataRequest { Topics = null }, MetadataVersion);
        }

        Guid[] found = [.. all.Topics.Select(topic => topic.TopicId)];
        foreach (TopicModel topic in model.Topics.Where(topic => topic.Id != Guid.Empty))
        {
            if (found.Contains(topic.Id) && topic.IsDeleted)
            {
                throw new ViolationException($"L5: topic {topic.Name} is there, and was deleted");
            }

            if (!found.Contains(topic.Id) && !topic.IsDeleting)
            {
                throw new ViolationException($"L1: topic {topic.Name} is gone");
            }
        }
    }

    private async Task<Guid> FindAsync(string name)
    {
        MetadataRequest request = new() { Topics = [new MetadataRequest.MetadataRequestTopic { Name = name }] };
        MetadataResponse? found = await CallAsync<MetadataResponse>(request, MetadataVersion);
        return found?.Topics.FirstOrDefault(topic => topic.ErrorCode == 0)?.TopicId ?? Guid.Empty;
    }

    // Of the newest run only: what one that was followed answers is out of date.
    private async Task<T?> CallAsync<T>(IKafkaRequest request, short version)
        where T : class, IKafkaResponse
    {
        try
        {
            SimulatedConnection connection = await SimulatedConnection.OpenAsync(await cluster.NewestServingAsync());
            T answer = await connection.CallAsync<T>(request, version);
            connection.Drop();
            return connection.Node == cluster.Newest ? answer : null;
        }
        catch (ConnectionBrokenException)
        {
            return null;
        }
    }

    private static CreateTopicsRequest CreateRequest(TopicModel topic) => new()
    {
        timeoutMs = TimeoutMs,
        Topics =
        [
            new CreateTopicsRequest.CreatableTopic
            {
                Name = topic.Name,
                NumPartitions = topic.Partitions.Count,
                ReplicationFactor = 1,
                Configs = [.. topic.Rules.Configs.Select(config => new CreateTopicsRequest.CreatableTopicConfig { Name = config.Name, Value = config.Value })],
            },
        ],
    };
}
