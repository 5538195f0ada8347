using System.Net;
using System.Net.Sockets;
using Broker.Actors;
using Broker.Actors.Configuration;
using Broker.Actors.Connections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
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
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            foreach (Listener listener in options.Listeners)
            {
                KafkaConnectionHandler handler = new(listener.Name, options.Connections, system.Connections, system.Handlers, clock);
                Listen(kestrel, listener, endpoint => endpoint.Use(_ => handler.OnConnectedAsync));
            }
        });
        return builder.Build();
    }

    private static void Listen(KestrelServerOptions kestrel, Listener listener, Action<ListenOptions> configure)
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
            kestrel.Listen(Resolve(listener), listener.Port, configure);
        }
    }

    private static IPAddress Resolve(Listener listener)
    {
        try
        {
            return Dns.GetHostAddresses(listener.Host).OrderBy(address => address.AddressFamily == AddressFamily.InterNetwork ? 0 : 1).First();
        }
        catch (SocketException cause)
        {
            throw new SettingsException([$"bad value for 'listeners': '{listener}'; allowed: a host that this machine resolves ({cause.Message})"]);
        }
    }
}
