using System.Net;
using System.Net.Sockets;
using Broker.Actors;
using Broker.Actors.Configuration;
using Broker.Actors.Connections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broker.Node.Composition;

/// <summary>Kestrel as the owner of sockets: one endpoint a listener, each with the Kafka connection handler.</summary>
internal static class Listeners
{
    // What may wait in a connection's pipe for its socket: enough that copying and sending overlap.
    private const int WriteBufferBytes = 1 << 20;

    /// <summary>Builds the server; its StartAsync binds.</summary>
    public static WebApplication Build(BrokerOptions options, BrokerSystem system, TimeProvider clock, ILoggerFactory loggers)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore();
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>>(new SocketMemory());
        builder.WebHost.UseSockets(sockets =>
        {
            sockets.Backlog = options.Connections.ListenBacklog;
            sockets.MaxWriteBufferSize = WriteBufferBytes;
            sockets.CreateBoundListenSocket = endpoint => Bind(endpoint, options.Listeners);
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            foreach (Listener listener in options.Listeners)
            {
                KafkaConnectionHandler handler = new(listener.Name, options.Connections, system.Connections, system.Handlers, clock);
                Listen(kestrel, listener, options.Settings.Given("listeners")?.Place, endpoint => endpoint.Use(_ => handler.OnConnectedAsync));
            }
        });
        return builder.Build();
    }

    /// <summary>Tries each address, so that a start that cannot listen ends before others hear of it.</summary>
    /// <exception cref="IOException">Another process listens there, or it is not this one's to listen on.</exception>
    /// <exception cref="SettingsException">A host is not known.</exception>
    public static void Check(BrokerOptions options)
    {
        foreach (Listener listener in options.Listeners.Where(one => one.Port != 0))
        {
            foreach (IPAddress address in AddressesOf(listener, options.Settings.Given("listeners")?.Place))
            {
                try
                {
                    Bind(new IPEndPoint(address, listener.Port), options.Listeners).Dispose();
                }
                catch (SocketException)
                {
                    // Of a family of addresses that this machine lacks, of which Kestrel needs one at least.
                }
            }
        }
    }

    private static IPAddress[] AddressesOf(Listener listener, string? place) =>
        listener.Host.Length == 0 ? [IPAddress.IPv6Any]
        : IPAddress.TryParse(listener.Host, out IPAddress? address) ? [address]
        : listener.Host == "localhost" ? [IPAddress.Loopback, IPAddress.IPv6Loopback]
        : [Resolve(listener, place)];

    private static void Listen(KestrelServerOptions kestrel, Listener listener, string? place, Action<ListenOptions> configure)
    {
        if (listener.Host.Length == 0)
        {
            kestrel.ListenAnyIP(listener.Port, configure);
        }
        else if (IPAddress.TryParse(listener.Host, out IPAddress? address))
        {
            kestrel.Listen(address, listener.Port, configure);
        }
        else if (listener.Host == "localhost" && listener.Port != 0)
        {
            kestrel.ListenLocalhost(listener.Port, configure);
        }
        else
        {
            kestrel.Listen(Resolve(listener, place), listener.Port, configure);
        }
    }

    // Kestrel names addresses its own way; the operator looks for the listener as it stands in the settings.
    private static Socket Bind(EndPoint endpoint, IReadOnlyList<Listener> listeners)
    {
        try
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }
        catch (SocketException cause) when (endpoint is IPEndPoint address && IsFinal(cause, address))
        {
            Listener[] onPort = [.. listeners.Where(listener => listener.Port == address.Port)];
            Listener culprit = onPort.FirstOrDefault(listener => IPAddress.TryParse(listener.Host, out IPAddress? host) && host.Equals(address.Address)) ?? onPort[0];
            throw new IOException($"cannot listen on {culprit}: {cause.Message}", cause);
        }
    }

    // Of localhost and of all interfaces there are two families of addresses, and Kestrel does with the one that this machine has.
    private static bool IsFinal(SocketException cause, IPEndPoint address) =>
        cause.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied
        || !(IPAddress.IsLoopback(address.Address) || address.Address.Equals(IPAddress.Any) || address.Address.Equals(IPAddress.IPv6Any));

    private static IPAddress Resolve(Listener listener, string? place)
    {
        try
        {
            return Dns.GetHostAddresses(listener.Host).OrderBy(address => address.AddressFamily == AddressFamily.InterNetwork ? 0 : 1).First();
        }
        catch (SocketException cause)
        {
            throw new SettingsException([SettingsException.BadValue("listeners", $"{listener}", place, $"a host that this machine resolves ({cause.Message})")]);
        }
    }
}
