using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Akka.Actor;
using Broker.Actors.Configuration;
using Broker.Actors.Requests;
using Broker.Wire;
using Broker.Wire.Frames;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Connections;

/// <summary>
/// The socket side of a connection: reads whole frames into buffers it owns until it gives them to the connection's
/// actor, and writes answers in the order in which the actor releases them. Stops reading while the connection has too
/// much in progress or the node's memory budget is full.
/// </summary>
public sealed class KafkaConnectionHandler(
    string listenerName,
    ConnectionOptions options,
    ConnectionResources resources,
    HandlerTable handlers,
    TimeProvider clock) : ConnectionHandler
{
    /// <summary>
    /// How long a client's last requests may take that has closed. 10 s: they are what sockets and pipes hold, some megabytes; but one that waits for its
    /// turn behind fetches of no end must not keep a connection whose client is gone.
    /// </summary>
    private static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(10);

    private readonly LinePace _refused = new(clock);
    private readonly LinePace _badRequests = new(clock);
    private readonly ILogger _log = resources.Loggers.CreateLogger("Broker.Connections");

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        IPAddress address = ((IPEndPoint)connection.RemoteEndPoint!).Address;
        if (address.IsIPv4MappedToIPv6)
        {
            // A listener of every interface sees IPv4 clients so; operators and group members know them by the plain address.
            address = address.MapToIPv4();
        }

        if (!resources.Limiter.TryEnter(address))
        {
            if (_refused.Add() is > 0 and int refused)
            {
                ConnectionLog.Refused(_log, refused, address, resources.Limiter.Count);
            }

            connection.Abort();
            return;
        }

        // Unbounded in type only: each answer belongs to a request, and the window bounds those.
        Channel<OutgoingResponse> responses = Channel.CreateUnbounded<OutgoingResponse>(new UnboundedChannelOptions { SingleReader = true });
        ConnectionSettings settings = new(address, listenerName, options.MaxIdle, resources.Memory, responses.Writer, connection.Abort, resources.Requests, _badRequests);
        IActorRef actor = await resources.Connections.Ask<IActorRef>(new OpenConnection(settings, handlers, _log, clock));
        using RequestWindow window = new(options.RequestsInFlight, options.RequestBytesInFlight);

        // Not at once when the client closes its side: what it sent before, without waiting for answers (acks=0), is still to be read, to the end of the input.
        using CancellationTokenSource stop = new(Timeout.InfiniteTimeSpan, clock);
        using CancellationTokenRegistration closed = connection.ConnectionClosed.Register(() => stop.CancelAfter(DrainPatience));
        try
        {
            Socket? socket = connection.Features.Get<IConnectionSocketFeature>()?.Socket;
            Task reading = ReadFramesAsync(connection.Transport.Input, new PromptAck(socket), actor, window, stop.Token);
            Socket? plain = connection.Features.Get<ITlsHandshakeFeature>() is null ? socket : null;
            Task writing = WriteResponsesAsync(ResponseOutput.Of(plain, connection.Transport.Output), responses.Reader, window, stop.Token);
            await Task.WhenAny(reading, writing);
            await stop.CancelAsync();
            await Task.WhenAll(reading, writing);
        }
        catch (Exception cause) when (cause is OperationCanceledException or IOException or SocketException or ConnectionResetException or ProtocolException)
        {
            ConnectionLog.Broke(_log, address, cause.Message);
        }
        finally
        {
            actor.Tell(new SocketClosed(), ActorRefs.NoSender);
            responses.Writer.TryComplete();
            await ReleaseUnwrittenAsync(responses.Reader);
            resources.Limiter.Leave(address);
        }
    }

    private async Task ReadFramesAsync(PipeReader input, PromptAck ack, IActorRef actor, RequestWindow window, CancellationToken stop)
    {
        using FrameReceiver frames = new(input, options.MaxFrameBytes, resources.Memory, resources.Buffers, clock);
        while (await frames.ReadSizeAsync(stop) is { } frameBytes)
        {
            bool isOnly = await window.EnterAsync(frameBytes, stop);
            if (await frames.ReadBodyAsync(frameBytes, isOnly, stop) is not { } frame)
            {
                return;
            }

            ack.Send();
            actor.Tell(new FrameReceived(frame), ActorRefs.NoSender);
        }
    }

    private async Task WriteResponsesAsync(ResponseOutput output, ChannelReader<OutgoingResponse> responses, RequestWindow window, CancellationToken stop)
    {
        ResponseSegments segments = new();
        while (await responses.WaitToReadAsync(stop))
        {
            while (responses.TryRead(out OutgoingResponse? response))
            {
                try
                {
                    await WriteAsync(output, segments, response, stop);
                }
                finally
                {
                    response.Resources?.Dispose();
                    resources.Memory.Release(response.RequestBytes);
                }

                window.Leave(response.RequestBytes);
            }

            await output.FlushAsync(stop);
        }
    }

    private async ValueTask WriteAsync(ResponseOutput output, ResponseSegments segments, OutgoingResponse outgoing, CancellationToken stop)
    {
        if (outgoing.Response is not { } response)
        {
            return;
        }

        segments.Clear();
        try
        {
            ResponseFrame.Write(segments, outgoing.CorrelationId, response, outgoing.ApiVersion);
        }
        catch (ProtocolException cause)
        {
            ConnectionLog.NotWritable(_log, cause, response.ApiKey, outgoing.ApiVersion);
            throw;
        }

        foreach (ReadOnlyMemory<byte> segment in segments.All())
        {
            await output.WriteAsync(segment, stop);
        }
    }

    private async Task ReleaseUnwrittenAsync(ChannelReader<OutgoingResponse> responses)
    {
        await foreach (OutgoingResponse response in responses.ReadAllAsync())
        {
            response.Resources?.Dispose();
            resources.Memory.Release(response.RequestBytes);
        }
    }
}
