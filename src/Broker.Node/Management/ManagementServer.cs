using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Broker.Actors.Inspection;
using Broker.Node.Management.Admin;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;

namespace Broker.Node.Management;

/// <summary>
/// Answers operators' tools over HTTP: <c>/metrics</c> (Prometheus' text format), <c>/health</c> (200 while the process runs), <c>/health/ready</c> (200
/// while it serves clients, else 503), <c>/store/requests</c> (<see cref="StoreUsage"/>), and below <c>/admin/</c> what only this machine may ask (<see cref="AdminEndpoint"/>).
/// </summary>
internal sealed class ManagementServer : IAsyncDisposable
{
    /// <summary>How documents are written, and read by the command line.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    // A few collectors and people; more is a mistake, and must not cost the clients their memory.
    private const int MaxConnections = 64;

    // Answers come from memory: what has not ended by then is a client that does not read.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(1);

    private readonly WebApplication _server;

    private ManagementServer(WebApplication server, IPEndPoint address) => (_server, Address) = (server, address);

    /// <summary>Where it listens; a port of 0 is a real one here.</summary>
    public IPEndPoint Address { get; }

    /// <summary>Starts it; it answers when this returns.</summary>
    /// <param name="listener">Where to listen.</param>
    /// <param name="node">What it tells about.</param>
    /// <exception cref="IOException">The address cannot be listened on.</exception>
    public static async Task<ManagementServer> StartAsync(IPEndPoint listener, IManagedNode node, MeterProvider metrics, ILoggerFactory loggers, CancellationToken cancellation)
    {
        IPEndPoint bound = listener;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = endpoint =>
        {
            Socket socket = Bind(endpoint);
            bound = (IPEndPoint)socket.LocalEndPoint!;
            return socket;
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Listen(listener, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        });
        WebApplication server = builder.Build();
        server.UseOpenTelemetryPrometheusScrapingEndpoint(metrics, context => context.Request.Path == "/metrics", null, null, null);
        server.Run(context => AnswerAsync(context, node));
        try
        {
            await server.StartAsync(cancellation);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        return new ManagementServer(server, bound);
    }

    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource patience = new(StopPatience);
        await _server.StopAsync(patience.Token);
        await _server.DisposeAsync();
    }

    private static Socket Bind(EndPoint endpoint)
    {
        try
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }
        catch (SocketException cause)
        {
            throw new IOException($"cannot listen on {endpoint} (management.listener): {cause.Message}", cause);
        }
    }

    private static Task AnswerAsync(HttpContext context, IManagedNode node)
    {
        if (context.Request.Path.StartsWithSegments(AdminEndpoint.Root))
        {
            return AdminEndpoint.AnswerAsync(context, node);
        }

        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return Task.CompletedTask;
        }

        switch (context.Request.Path.Value)
        {
            case "/health":
                return WriteAsync(context, new Health(Live: true, node.IsReady));
            case "/health/ready":
                context.Response.StatusCode = node.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
                return WriteAsync(context, new Health(Live: true, node.IsReady));
            case "/store/requests":
                return WriteAsync(context, node.StoreUsage());
            default:
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
        }
    }

    /// <summary>Writes an answer's document, and nothing of it for HEAD.</summary>
    internal static Task WriteAsync<T>(HttpContext context, T document)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(document, Json);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(body).AsTask();
    }

    private sealed record Health(bool Live, bool Ready);
}

/// <summary>The node that a <see cref="ManagementServer"/> tells about. Thread-safe.</summary>
internal interface IManagedNode
{
    /// <summary>Whether it serves clients.</summary>
    bool IsReady { get; }

    /// <summary>What operators may ask of it; null: it is not ready yet.</summary>
    NodeInspection? Inspection { get; }

    /// <summary>What it has asked of its object store so far.</summary>
    StoreUsage StoreUsage();
}
