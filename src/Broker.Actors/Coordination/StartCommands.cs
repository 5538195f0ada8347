using Akka.Actor;
using Broker.ObjectStore;

namespace Broker.Actors.Coordination;

/// <summary>What a start asks of a cluster's coordinator, which may be replaced meanwhile: each command may be done twice, so that one that was lost is asked again and the start goes on.</summary>
/// <param name="client">The node's <see cref="MetadataClientActor"/>.</param>
/// <param name="patience">For each answer; then the start ends, and is tried again from its beginning.</param>
/// <param name="clock">The node's.</param>
internal sealed class StartCommands(IActorRef client, TimeSpan patience, TimeProvider clock)
{
    // A coordinator whose log is in doubt may say so at once.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>The answer; <see cref="CommandFailed"/> if it was refused.</summary>
    /// <exception cref="StorageException">Unavailable: there was none in time.</exception>
    public async Task<object> AskAsync(object command)
    {
        long begin = clock.GetTimestamp();
        try
        {
            while (patience - clock.GetElapsedTime(begin) is var left && left > TimeSpan.Zero)
            {
                object answer = await client.Ask(command, left);
                if (answer is not CommandFailed { IsInDoubt: true })
                {
                    return answer;
                }

                await Task.Delay(Pause, clock);
            }
        }
        catch (AskTimeoutException)
        {
            // As when the last one that was lost took all the time.
        }

        throw new StorageException(StorageErrorKind.Unavailable, $"the cluster's coordinator has not answered within {patience.TotalSeconds} s");
    }
}
