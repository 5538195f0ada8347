using System.Net;
using Broker.ObjectStore.S3;
using Broker.TestSupport.S3;

namespace Broker.Chaos.Stores;

/// <summary>A bucket of Ceph's gateway, which each node reaches through a proxy of its own that can do to requests what networks and servers do.</summary>
internal sealed class CephStore : IChaosStore
{
    private readonly CephGateway _gateway;
    private readonly string _bucket;
    private readonly List<FaultProxy> _proxies;

    private CephStore(CephGateway gateway, string bucket, List<FaultProxy> proxies) => (_gateway, _bucket, _proxies) = (gateway, bucket, proxies);

    public string? WhyNoFaults => null;

    public static async Task<CephStore> StartAsync(int nodes, IPAddress address)
    {
        // In a namespace of process ids of its own a run has the same id as the next one.
        CephGateway gateway = await CephGateway.StartOwnAsync($"chaos-{Guid.NewGuid():N}");
        S3ObjectStoreOptions bucket = await gateway.NewBucketAsync();
        return new CephStore(gateway, bucket.Bucket, [.. Enumerable.Range(0, nodes).Select(_ => new FaultProxy(bucket.Endpoint!, address))]);
    }

    public IReadOnlyList<string> SettingsOf(int node) =>
        [$"object.store=s3://{_bucket}/cluster", $"s3.endpoint={ProxyOf(node).Endpoint.GetLeftPart(UriPartial.Authority)}", "s3.path.style=true"];

    public FaultProxy ProxyOf(int node) => _proxies[node - 1];

    public async ValueTask DisposeAsync()
    {
        foreach (FaultProxy proxy in _proxies)
        {
            await proxy.DisposeAsync();
        }

        await _gateway.StopAsync();
        Directory.Delete(_gateway.Folder, recursive: true);
    }
}
