using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Broker.TestSupport.Brokers;

/// <summary>
/// TCP ports on loopback that nothing listens on, and that nobody takes while these tests run: a broker that was killed finds its port free when it starts again. They lie below those that
/// the system gives to connections and to listeners that name none; a locked file keeps each from the tests of other processes.
/// </summary>
public static class FreePort
{
    // Beyond those that services of a machine have.
    private const int Lowest = 12_000;

    // Linux gives connections those from here on by default (ip_local_port_range), other systems higher ones.
    private const int Beyond = 32_768;

    private static readonly string Reservations =
        Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"broker-test-ports-{Environment.UserName}")).FullName;

    // Open, and with that locked, until the process ends, however it does.
    private static readonly List<FileStream> Reserved = [];

    /// <summary>A port that this process has to itself until it ends.</summary>
    public static int Take()
    {
        int port;
        do
        {
            port = Random.Shared.Next(Lowest, Beyond);
        }
        while (!TryReserve(port) || !IsFree(port));

        return port;
    }

    private static bool TryReserve(int port)
    {
        try
        {
            FileStream reservation = new(Path.Combine(Reservations, port.ToString(CultureInfo.InvariantCulture)), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            lock (Reserved)
            {
                Reserved.Add(reservation);
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using TcpListener listener = new(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
