using System.Buffers;
using System.Text;
using Amazon.Runtime;
using Broker.ObjectStore.S3;
using Broker.TestSupport.S3;
using Broker.TestSupport.Simulation;

namespace Broker.ObjectStore.Contract.Stores;

/// <summary>A bucket of its own on a real server, seen straight and through a proxy that can break things, by a clock that stands.</summary>
internal sealed class S3Scene : IAsyncDisposable
{
    internal static readonly ObjectKey Key = new("log/7");

    private readonly List<S3ObjectStore> _stores = [];

    private S3Scene(S3ObjectStoreOptions options)
    {
        Options = options;
        Proxy = new FaultProxy(options.Endpoint!);
        Direct = Open(options);
        Store = Open(options with { Endpoint = Proxy.Endpoint, Time = Time });
    }

    /// <summary>Of the store without the proxy.</summary>
    internal S3ObjectStoreOptions Options { get; }

    internal FaultProxy Proxy { get; }

    /// <summary>Past the proxy.</summary>
    internal S3ObjectStore Direct { get; }

    /// <summary>Through the proxy; its deadlines run by <see cref="Time"/>.</summary>
    internal S3ObjectStore Store { get; }

    internal SteppedTime Time { get; } = new();

    internal static async Task<S3Scene> OpenAsync() => new(await (await CephGateway.SharedAsync()).NewBucketAsync());

    internal static ReadOnlySequence<byte> Body(string text) => new(Encoding.UTF8.GetBytes(text));

    internal S3ObjectStore Open(S3ObjectStoreOptions options, AWSCredentials? credentials = null)
    {
        S3ObjectStore store = S3ObjectStore.Open(options, credentials);
        _stores.Add(store);
        return store;
    }

    /// <summary>The store through the proxy, and a second chance: pauses are over at once.</summary>
    internal RetryingObjectStore Retrying() => new(Store, new RetryingObjectStoreOptions { Time = new JumpingTime() });

    internal Task<PutResult> PutAsync(string body, PutCondition? condition = null)
        => Store.PutAsync(Key, Body(body), condition ?? PutCondition.IfAbsent, default).AsTask();

    /// <summary>What is there really; null = nothing.</summary>
    internal async Task<string?> PresentAsync()
        => await Direct.HeadAsync(Key, default) is null ? null : Encoding.UTF8.GetString((await Direct.GetAsync(Key, ByteRange.All, default)).Span);

    internal int Count(string method) => Proxy.Requests.Count(request => request.Method == method);

    public async ValueTask DisposeAsync()
    {
        _stores.ForEach(store => store.Dispose());
        await Proxy.DisposeAsync();
    }
}
