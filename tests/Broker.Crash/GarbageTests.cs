using System.Net;
using System.Net.Sockets;
using Broker.TestSupport.Brokers;

namespace Broker.Crash;

/// <summary>Clients that send what is no request of Kafka's, again and again.</summary>
public sealed class GarbageTests
{
    private const int Clients = 200;

    // A frame of eight bytes, of an API that there is not.
    private static readonly byte[] Frame = [0, 0, 0, 8, 0x7F, 0xFF, 0, 0, 0, 0, 0, 1];

    [SkippableFact]
    public async Task Their_connections_are_closed_and_the_log_has_a_line_in_ten_seconds_for_all_of_them()
    {
        await using NodeBroker broker = new("node.id=1");
        await broker.StartAsync();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        long began = TimeProvider.System.GetTimestamp();
        for (int i = 0; i < Clients; i++)
        {
            using Socket client = new(SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(IPAddress.Loopback, broker.Port, patience.Token);
            await client.SendAsync(Frame, patience.Token);
            Assert.Equal(0, await client.ReceiveAsync(new byte[1], patience.Token));
        }

        // One at once, and one after each ten seconds.
        int most = 1 + (int)(TimeProvider.System.GetElapsedTime(began).TotalSeconds / 10);
        await broker.WaitForOutputAsync("could not be read", TimeSpan.FromSeconds(60));
        Assert.Equal(0, await broker.StopAsync(TimeSpan.FromSeconds(60)));
        Assert.InRange(File.ReadLines(broker.LogFile).Count(line => line.Contains("could not be read", StringComparison.Ordinal)), 1, most);
    }
}
