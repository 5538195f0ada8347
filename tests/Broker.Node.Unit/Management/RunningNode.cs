using System.Buffers;
using System.Text;
using System.Text.Json;
using Akka.Configuration;
using Broker.Actors.Configuration;
using Broker.Actors.Storage;
using Broker.Node.Composition;
using Broker.Node.Management;
using Broker.ObjectStore;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Clients;
using Broker.Wire.Messages;
using Broker.Wire.Records;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Node.Unit.Management;

/// <summary>A node in this process with a folder of its own, a client of it, and what it tells of itself.</summary>
internal sealed class RunningNode : IAsyncDisposable
{
    /// <summary>Tests of such nodes are of this collection: an exporter takes the instruments of all nodes of its process.</summary>
    internal const string OneAtATime = "running nodes";

    private const int Seed = 23;

    // Far beyond what anything here takes.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder;
    private readonly BrokerNode _node;
    private readonly RawConnection _client;
    private readonly HttpClient _http;
    private readonly CancellationTokenSource _patience = new(Patience);

    private readonly NodeLifetime _lifetime;

    private RunningNode(TempFolder folder, BrokerNode node, NodeLifetime lifetime, RawConnection client)
    {
        (_folder, _node, _lifetime, _client) = (folder, node, lifetime, client);
        _http = new HttpClient { BaseAddress = new Uri($"http://{node.ManagementAddress}") };
    }

    public RawConnection Client => _client;

    /// <summary>Where the node is asked, as in <c>management.listener</c>.</summary>
    public string ManagementAddress => $"{_node.ManagementAddress}";

    /// <summary>Where the node's objects lie.</summary>
    public string Objects => Path.Combine(_folder.Path, "objects");

    public CancellationToken Cancellation => _patience.Token;

    public static async Task<RunningNode> StartAsync(params (string Name, string Value)[] settings)
    {
        TempFolder folder = new("node");
        int port = FreePort.Take();
        (string Name, string Value)[] given =
        [
            ("log.dirs", folder.Path), ("listeners", $"PLAINTEXT://127.0.0.1:{port}"), ("management.listener", "127.0.0.1:0"), .. settings,
        ];
        BrokerOptions options = BrokerOptions.From(BrokerSettings.From(given.Select(one => new GivenSetting(one.Name, one.Value, SettingSource.Override, "test"))));
        StorageSources sources = new(TimeProvider.System, new SystemIdSource(), new Random(Seed));
        Config hocon = ConfigurationFactory.ParseString("akka { loglevel = ERROR, log-dead-letters = off }");
        NodeLifetime lifetime = new();
        BrokerNode node = await BrokerNode.StartAsync(options, hocon, NullLoggerFactory.Instance, sources, lifetime);
        return new RunningNode(folder, node, lifetime, await RawConnection.ConnectAsync(port, CancellationToken.None));
    }

    /// <summary>Completes when somebody has the node end.</summary>
    public Task StopRequested => _lifetime.StopRequested;

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) => _http.SendAsync(request, Cancellation);

    public Task<HttpResponseMessage> GetAsync(string path) => _http.GetAsync(path, Cancellation);

    public async Task<PrometheusText> MetricsAsync() => PrometheusText.Parse(await _http.GetStringAsync("/metrics", Cancellation));

    public async Task<StoreUsage> UsageAsync() =>
        JsonSerializer.Deserialize<StoreUsage>(await _http.GetStringAsync("/store/requests", Cancellation), JsonSerializerOptions.Web)!;

    /// <summary>The requests to the store so far of one kind for one purpose.</summary>
    public async Task<long> RequestsAsync(string operation, string purpose) =>
        (await UsageAsync()).Requests.SingleOrDefault(one => one.Operation == operation && one.Purpose == purpose)?.Requests ?? 0;

    public async Task CreateTopicAsync(string name) => Assert.Equal(0, await TryCreateTopicAsync(name));

    /// <summary>Returns the error code.</summary>
    public async Task<short> TryCreateTopicAsync(string name)
    {
        CreateTopicsRequest request = new()
        {
            Topics = [new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = 1, ReplicationFactor = 1 }],
            timeoutMs = (int)Patience.TotalMilliseconds,
        };
        CreateTopicsResponse response = await _client.CallAsync<CreateTopicsResponse>(request, 7, Cancellation);
        return response.Topics[0].ErrorCode;
    }

    /// <summary>Writes one batch to partition 0, and returns its size and the error.</summary>
    public async Task<(int Bytes, short Error)> ProduceAsync(string topic, int records)
    {
        byte[] batch = Batch(records);
        ProduceRequest request = new()
        {
            Acks = -1,
            TimeoutMs = (int)Patience.TotalMilliseconds,
            TopicData =
            [
                new ProduceRequest.TopicProduceData
                {
                    Name = topic,
                    PartitionData = [new ProduceRequest.PartitionProduceData { Index = 0, Records = new ReadOnlySequence<byte>(batch) }],
                },
            ],
        };
        ProduceResponse response = await _client.CallAsync<ProduceResponse>(request, 9, Cancellation);
        return (batch.Length, response.Responses[0].PartitionResponses[0].ErrorCode);
    }

    /// <summary>Reads partition 0 from an offset on, and returns how many bytes came.</summary>
    public async Task<long> FetchAsync(string topic, long from)
    {
        FetchRequest request = new()
        {
            MaxBytes = 1 << 20,
            MinBytes = 1,
            Topics =
            [
                new FetchRequest.FetchTopic
                {
                    Topic = topic,
                    Partitions = [new FetchRequest.FetchPartition { Partition = 0, FetchOffset = from, PartitionMaxBytes = 1 << 20, CurrentLeaderEpoch = -1 }],
                },
            ],
        };
        FetchResponse response = await _client.CallAsync<FetchResponse>(request, 12, Cancellation);
        return response.Responses[0].Partitions[0].Records?.Length ?? 0;
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        _http.Dispose();
        await _node.DisposeAsync();
        _lifetime.Dispose();
        _folder.Dispose();
        _patience.Dispose();
    }

    private static byte[] Batch(int records)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions());
        for (int i = 0; i < records; i++)
        {
            builder.Append(1_700_000_000_000 + i, Encoding.UTF8.GetBytes($"key-{i}"), new byte[100]);
        }

        return builder.ToArray();
    }
}
