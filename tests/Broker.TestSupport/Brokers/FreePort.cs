using System.Net;
using System.Net.Sockets;

namespace Broker.TestSupport.Brokers;

/// <summary>A TCP port on loopback that nothing listens on at the moment.</summary>
public static class FreePort
{
    public static int Take()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
