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
/// <item>No logging of the SDK's own, no redirects to other hosts, connections of our own (<see cref="S3Connections"/>).</item>
/// </list>
/// </summary>
internal static class S3Client
{
    private const int CopyBytes = 128 * 1024;

    internal static AmazonS3Client Create(S3ObjectStoreOptions options, S3Connections connections, AWSCredentials? credentials)
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
            HttpClientFactory = connections,
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
}
