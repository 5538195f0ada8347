using Amazon.Runtime;
using Amazon.Runtime.Credentials;

namespace Broker.ObjectStore.S3;

/// <summary>
/// The credentials of the SDK's default chain, looked for at the first request and not before: a node starts, and says what is wrong, while its
/// instance's metadata service is not there yet. A failure is marked as one that happened before anything was sent.
/// </summary>
internal sealed class S3Credentials(AWSCredentials? given) : AWSCredentials
{
    private AWSCredentials? _found = given;

    /// <inheritdoc/>
    public override ImmutableCredentials GetCredentials()
    {
        try
        {
            return Find().GetCredentials();
        }
        catch (Exception error) when (error is not S3CredentialsException)
        {
            throw new S3CredentialsException(error);
        }
    }

    /// <inheritdoc/>
    public override async Task<ImmutableCredentials> GetCredentialsAsync()
    {
        try
        {
            return await Find().GetCredentialsAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is not S3CredentialsException)
        {
            throw new S3CredentialsException(error);
        }
    }

    // The chain's result refreshes itself; a chain that found nothing is asked again by the next request.
    private AWSCredentials Find() => _found ??= DefaultAWSCredentialsIdentityResolver.GetCredentials();
}

/// <summary>There are no credentials, or they could not be refreshed; the request was not sent.</summary>
internal sealed class S3CredentialsException(Exception inner) : Exception(inner.Message, inner);
