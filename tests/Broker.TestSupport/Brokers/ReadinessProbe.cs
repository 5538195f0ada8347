using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Broker.TestSupport.Brokers;

/// <summary>Asks a port whether a Kafka broker serves behind it: one ApiVersions round trip.</summary>
public static class ReadinessProbe
{
    /// <summary>Between two attempts: short beside a broker's start, long beside a round trip on loopback.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    /// <summary>ApiVersions v0, correlation id 7, no client id: size, key, version, id, null string.</summary>
    private static readonly byte[] Request = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];

    /// <summary>
    /// Returns when the broker on <paramref name="port"/> of loopback answers; <paramref name="hasFailed"/> says
    /// whether waiting has become pointless, because the process has ended.
    /// </summary>
    /// <exception cref="TimeoutException">No answer within <paramref name="deadline"/>, or it has failed.</exception>
    public static async Task WaitAsync(int port, TimeSpan deadline, Func<bool> hasFailed)
    {
        using CancellationTokenSource expiry = new(deadline);
        while (!hasFailed())
        {
            try
            {
                if (await AnswersAsync(port, expiry.Token))
                {
                    return;
                }

                await Task.Delay(Pause, expiry.Token);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        throw new TimeoutException($"no Kafka broker answers on 127.0.0.1:{port}: {(hasFailed() ? "its process has ended" : $"not within {deadline.TotalSeconds} s")}");
    }

    private static async Task<bool> AnswersAsync(int port, CancellationToken cancellation)
    {
        try
        {
            using TcpClient client = new();
            await client.ConnectAsync(IPAddress.Loopback, port, cancellation);
            NetworkStream stream = client.GetStream();
            await stream.WriteAsync(Request, cancellation);
            byte[] head = new byte[10];
            await stream.ReadExactlyAsync(head, cancellation);
            return BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(4)) == 7
                && BinaryPrimitives.ReadInt16BigEndian(head.AsSpan(8)) == 0;
        }
        catch (Exception refused) when (refused is SocketException or IOException)
        {
            return false;
        }
    }
}
