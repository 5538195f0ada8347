using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Broker.ObjectStore.S3;

namespace Broker.ObjectStore.Unit.Stores.S3;

/// <summary>How long a server that takes requests and never answers is waited for.</summary>
public sealed class S3TimeoutTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly TcpListener _silent = new(IPAddress.Loopback, 0);

    public S3TimeoutTests() => _silent.Start();

    public void Dispose() => _silent.Dispose();

    // Acknowledgements wait for it, and another PUT finds out what became of it.
    [Fact]
    public async Task Small_put_is_given_up_long_before_a_large_one()
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "test");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "test");
        S3ObjectStoreOptions options = new("records")
        {
            Endpoint = new Uri($"http://{_silent.LocalEndpoint}"),
            UsePathStyle = true,
            SmallPutTimeout = TimeSpan.FromMilliseconds(100),
            SmallPutBytes = 1000,
            RequestTimeout = Patience * 2,
        };
        using S3ObjectStore store = S3ObjectStore.Open(options);
        using CancellationTokenSource unwanted = new();
        Task<PutResult> large = PutAsync(store, "large", 1001, unwanted.Token);

        PutResult small = await PutAsync(store, "small", 1000, CancellationToken.None).WaitAsync(Patience);

        Assert.Equal(PutOutcome.Unknown, small.Outcome);
        Assert.False(large.IsCompleted);
        await unwanted.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
    }

    private static Task<PutResult> PutAsync(S3ObjectStore store, string key, int bytes, CancellationToken ct) =>
        store.PutAsync(new ObjectKey(key), new ReadOnlySequence<byte>(new byte[bytes]), PutCondition.IfAbsent.WithWriteId(Guid.NewGuid()), ct).AsTask();
}
