using Broker.Chaos.Histories;
using Broker.TestSupport.Clients;
using Broker.Wire;
using Broker.Wire.Messages;

namespace Broker.Chaos.Clients;

/// <summary>
/// Makes topics, one after the other, and deletes most of them again, whatever befalls the cluster. Each acknowledgement is checked where it came from, whose broker must show what it has
/// acknowledged, and once more in the end, when all brokers have begun anew from the bucket.
/// </summary>
/// <param name="connect">A connection to some broker, another one each time.</param>
/// <param name="history">Hears what no broker may say.</param>
internal sealed class TopicChanges(Func<CancellationToken, Task<RawConnection>> connect, HistoryRecorder history)
{
    private const string Prefix = "change-";

    /// <summary>So many partitions come and go with them as leave the machine room for its brokers.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(2);

    /// <summary>Every so many topics one stays: a long run does not end with thousands.</summary>
    private const int KeptOf = 8;

    private const int TimeoutMs = 30_000;
    private const short CreateVersion = 7;
    private const short DeleteVersion = 5;
    private const short MetadataVersion = 12;

    private readonly Dictionary<string, Guid> _made = [];
    private readonly List<string> _deleted = [];

    /// <summary>What was acknowledged until now.</summary>
    public string Summary => $"topics: {_made.Count + _deleted.Count} made, {_deleted.Count} of them deleted";

    /// <summary>Changes until <paramref name="cancellation"/> comes; what is on its way then may hold or not.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            for (int number = 0; ; number++)
            {
                string name = $"{Prefix}{number}";
                await MakeAsync(name, cancellation);
                if (number % KeptOf != 0)
                {
                    Guid id = _made[name];
                    _made.Remove(name);
                    await DeleteAsync(name, id, cancellation);
                }

                await Task.Delay(Pace, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end of the run.
        }
    }

    /// <summary>Compares what brokers say that began anew with what was acknowledged before.</summary>
    public async Task CheckAsync(CancellationToken cancellation) => await ClusterClient.UntilAsync(
        async turn =>
        {
            await using RawConnection broker = await connect(turn);
            Dictionary<string, Guid> found = (await broker.CallAsync<MetadataResponse>(new MetadataRequest { Topics = null }, MetadataVersion, turn)).Topics.ToDictionary(topic => topic.Name!, topic => topic.TopicId);
            foreach ((string name, Guid id) in _made.Where(made => found.GetValueOrDefault(made.Key) != made.Value))
            {
                history.Violated($"the topic {name} was made as {id}, and in the end is {(found.TryGetValue(name, out Guid other) ? other : "gone")}");
            }

            foreach (string name in _deleted.Where(found.ContainsKey))
            {
                history.Violated($"the topic {name} was deleted, and in the end is there, as {found[name]}");
            }

            return true;
        },
        cancellation);

    private async Task MakeAsync(string name, CancellationToken cancellation)
    {
        CreateTopicsRequest request = new() { Topics = [new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = 1, ReplicationFactor = 1 }], timeoutMs = TimeoutMs };
        bool isInDoubt = false;
        await ClusterClient.UntilAsync(
            async turn =>
            {
                await using RawConnection broker = await connect(turn);
                bool wasInDoubt = isInDoubt;
                isInDoubt = true;
                CreateTopicsResponse.CreatableTopicResult result = (await broker.CallAsync<CreateTopicsResponse>(request, CreateVersion, turn)).Topics[0];
                if (result.ErrorCode is not ((short)ErrorCode.None or (short)ErrorCode.TopicAlreadyExists))
                {
                    return false;
                }

                if (result.ErrorCode == (short)ErrorCode.TopicAlreadyExists && !wasInDoubt)
                {
                    history.Violated($"the topic {name}, which was never asked for, exists");
                }

                Guid? shown = await IdAsync(broker, name, turn);
                if (shown is null || (result.ErrorCode == (short)ErrorCode.None && shown != result.TopicId))
                {
                    history.Violated($"the topic {name} was acknowledged ({(ErrorCode)result.ErrorCode}, {result.TopicId}), and the same broker shows {shown?.ToString() ?? "none"}");
                }

                _made[name] = shown ?? result.TopicId;
                return true;
            },
            cancellation);
    }

    private async Task DeleteAsync(string name, Guid id, CancellationToken cancellation)
    {
        DeleteTopicsRequest request = new() { TopicNames = [name], TimeoutMs = TimeoutMs };
        bool isInDoubt = false;
        await ClusterClient.UntilAsync(
            async turn =>
            {
                await using RawConnection broker = await connect(turn);
                bool wasInDoubt = isInDoubt;
                isInDoubt = true;
                ErrorCode error = (ErrorCode)(await broker.CallAsync<DeleteTopicsResponse>(request, DeleteVersion, turn)).Responses[0].ErrorCode;

                // Another broker than the one that acknowledged the topic may not have heard of it yet.
                if (error == ErrorCode.UnknownTopicOrPartition && !wasInDoubt)
                {
                    isInDoubt = false;
                    return false;
                }

                if (error is not (ErrorCode.None or ErrorCode.UnknownTopicOrPartition))
                {
                    return false;
                }

                if (error == ErrorCode.None && await IdAsync(broker, name, turn) is { } shown)
                {
                    history.Violated($"the topic {name} ({id}) was deleted, and the same broker shows {shown}");
                }

                if (error == ErrorCode.None)
                {
                    _deleted.Add(name);
                }

                return true;
            },
            cancellation);
    }

    private static async Task<Guid?> IdAsync(RawConnection broker, string name, CancellationToken cancellation)
    {
        MetadataRequest request = new() { Topics = [new MetadataRequest.MetadataRequestTopic { Name = name }], AllowAutoTopicCreation = false };
        MetadataResponse.MetadataResponseTopic topic = (await broker.CallAsync<MetadataResponse>(request, MetadataVersion, cancellation)).Topics[0];
        return topic.ErrorCode == (short)ErrorCode.UnknownTopicOrPartition ? null : topic.TopicId;
    }
}
