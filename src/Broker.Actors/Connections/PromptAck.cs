using System.Net.Sockets;

namespace Broker.Actors.Connections;

/// <summary>
/// Acknowledges what a client sent at once, on the level of TCP. A kernel waits with that for up to 40 ms (RFC 1122, 4.2.3.2), in the hope that an answer will carry it;
/// a client with Nagle's algorithm (RFC 896; librdkafka's default) holds back its next small request until then. Where a bucket answers after tens of
/// milliseconds, requests meant to be under way together so go one after the other. Linux only (TCP_QUICKACK, tcp(7)); elsewhere it does nothing.
/// </summary>
internal sealed class PromptAck(Socket? socket)
{
    private const int Tcp = 6;
    private const int QuickAck = 12;

    private static readonly byte[] On = BitConverter.GetBytes(1);

    private readonly Socket? _socket = OperatingSystem.IsLinux() ? socket : null;

    /// <summary>Once for each reading: the kernel goes back to waiting by itself.</summary>
    public void Send()
    {
        try
        {
            _socket?.SetRawSocketOption(Tcp, QuickAck, On);
        }
        catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
        {
            // The connection is closed: its reader hears of it.
        }
    }
}
