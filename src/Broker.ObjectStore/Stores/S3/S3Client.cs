using System.Net.Sockets;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace Broker.ObjectStore.S3;

/// <summary>
/// Makes the SDK's client, with every setting that differs from the SDK's default and why:
/// <list type="bullet">
/// <item>No retries of any kind. A conditional PUT that the SDK sends again, be it only because a pooled connection was stale, meets its own object and
/// reports a loss. <see cref="RetryingObjectStore"/> retries, and knows write ids. (.NET's own handler still sends again what has no body, when it finds
/// a pooled connection closed. That is harmless for reads and deletions; an empty PUT is settled by its write id.)</item>
/// <item>Checksums only where required: the SDK's default trailing ones (aws-chunked) are refused by servers that do not know them (Ceph 16 answers
/// XAmzContentSHA256Mismatch). Bodies carry a CRC32C header of our own instead, see <see cref="S3Requests"/>.</item>
/// <item>Copies of 128 KiB to and from sockets, not 8 KiB: a PUT of 4 MiB then costs 4 ms of CPU instead of 12.</item>
/// <item>No "Expect: 100-continue", which costs a round trip before each body.</item>
/// <item>No logging of the SDK's own, no redirects to other hosts, no caching of HTTP clients across stores.</item>
/// </list>
/// </summary>
internal static class S3Client
{
    private const int CopyBytes = 128 * 1024;

    internal static AmazonS3Client Create(S3ObjectStoreOptions options, AWSCredentials? credentials)
    {
        AmazonS3Config config = new()
        {
            ForcePathStyle = options.UsePathStyle,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0,
            BufferSize = CopyBytes,
            // Deadlines are ours, see S3Deadline.
            Timeout = Timeout.InfiniteTimeSpan,
            AllowAutoRedirect = false,
            DisableLogging = true,
            HttpClientFactory = new Http(options),
        };
        if (options.Endpoint is null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }
        else
        {
            config.ServiceURL = options.Endpoint.ToString();
            config.AuthenticationRegion = options.Region;
        }

        return new AmazonS3Client(new S3Credentials(credentials), config);
    }

    private sealed class Http(S3ObjectStoreOptions options) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig)
        {
            SocketsHttpHandler sockets = new()
            {
                MaxConnectionsPerServer = options.MaxConnections,
                PooledConnectionIdleTimeout = options.IdleConnectionTimeout,
                PooledConnectionLifetime = options.ConnectionLifetime,
                AllowAutoRedirect = false,
                UseCookies = false,
                ActivityHeadersPropagator = null,
                ConnectCallback = ConnectAsync,
            };
            return new HttpClient(new WithoutExpectation(sockets)) { Timeout = Timeout.InfiniteTimeSpan };
        }

        // The SDK's cache is keyed by its own settings, which do not know of ours.
        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

        /// <summary>Connects within the time-out, and fails by an error that tells that nothing was sent, where the handler's own time-out does not.</summary>
        private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
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
