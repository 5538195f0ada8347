using System.Net.Sockets;
using Amazon.Runtime;

namespace Broker.ObjectStore.S3;

/// <summary>
/// The connections of one store, kept and used again. The SDK asks for an HTTP client for each request and neither keeps nor closes it, as is settled here:
/// so all get the same one, whose life is the store's.
/// </summary>
internal sealed class S3Connections(S3ObjectStoreOptions options) : HttpClientFactory, IDisposable
{
    private readonly HttpClient _http = Open(options);

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => _http;

    // The SDK's cache is keyed by its own settings, which do not know of ours.
    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    public void Dispose() => _http.Dispose();

    private static HttpClient Open(S3ObjectStoreOptions options)
    {
        SocketsHttpHandler sockets = new()
        {
            MaxConnectionsPerServer = options.MaxConnections,
            PooledConnectionIdleTimeout = options.IdleConnectionTimeout,
            PooledConnectionLifetime = options.ConnectionLifetime,
            AllowAutoRedirect = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
            ConnectCallback = (context, ct) => ConnectAsync(context, options, ct),
        };
        return new HttpClient(new WithoutExpectation(sockets)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Connects within the time-out, and fails by an error that tells that nothing was sent, where the handler's own time-out does not.</summary>
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, S3ObjectStoreOptions options, CancellationToken ct)
    {
        using CancellationTokenSource timer = new(options.ConnectTimeout, options.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, ct);
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, either.Token).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            socket.Dispose();
            throw new SocketException((int)SocketError.TimedOut);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private sealed class WithoutExpectation(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.ExpectContinue = false;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
