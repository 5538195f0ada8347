using System.Net.Sockets;
using Broker.TestSupport.Clients;

namespace Broker.Crash.Pipelined;

/// <summary>A client's life: connections one after the other, for as long as it has work and the broker goes and comes back.</summary>
internal static class Reconnecting
{
    /// <summary>Short beside a broker's start, so that requests meet it as early as it listens.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Runs <paramref name="work"/> on a connection, and again on a new one when it broke, until it returns.</summary>
    /// <param name="onBroken">Called when a connection that was there has broken.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task RunAsync(
        int port, Func<RawConnection, CancellationToken, Task> work, Action onBroken, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await using RawConnection connection = await RawConnection.ConnectAsync(port, cancellation);
                try
                {
                    await work(connection, cancellation);
                    return;
                }
                catch (Exception broken) when (broken is IOException or SocketException)
                {
                    onBroken();
                }
            }
            catch (SocketException)
            {
                // Nothing listens: the broker is away.
            }

            await Task.Delay(Pause, cancellation);
        }
    }
}
