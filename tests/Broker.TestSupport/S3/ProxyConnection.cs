using System.Net.Sockets;
using System.Text;

namespace Broker.TestSupport.S3;

/// <summary>One client's connection through the proxy, and the connection to the server that belongs to it.</summary>
internal sealed class ProxyConnection(Socket client, Uri server, Func<ProxiedRequest, ProxyFault?> judge, Func<TimeSpan> latency)
{
    private readonly NetworkStream _toClient = new(client, ownsSocket: true);

    /// <summary>Serves until one side closes, or a fault breaks the connection.</summary>
    internal async Task RunAsync(CancellationToken ct)
    {
        using Socket upstream = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await upstream.ConnectAsync(server.Host, server.Port, ct);
            await using NetworkStream toServer = new(upstream, ownsSocket: false);
            HttpReader fromClient = new(_toClient);
            HttpReader fromServer = new(toServer);
            while (await fromClient.ReadHeadAsync(ct) is { } head && await ServeAsync(head, fromClient, fromServer, toServer, ct))
            {
            }
        }
        catch (Exception broken) when (broken is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Either side went away; so does the other.
        }
        finally
        {
            // A reset, as a broken connection gives; after a clean close nothing of it reaches anyone.
            client.LingerState = new LingerOption(true, 0);
            await _toClient.DisposeAsync();
        }
    }

    /// <returns>Whether the connection goes on.</returns>
    private async Task<bool> ServeAsync(HttpHead head, HttpReader fromClient, HttpReader fromServer, NetworkStream toServer, CancellationToken ct)
    {
        string[] line = head.StartLine.Split(' ');
        ProxyFault? fault = judge(new ProxiedRequest(line[0], line[1], head.Headers));
        TimeSpan delay = latency();
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, ct);
        }

        bool isHead = line[0] == "HEAD";
        switch (fault)
        {
            case ProxyFault.Break broken:
                await PassAsync(head, fromClient, broken.IsForwarded ? toServer : Stream.Null, ct);
                await DiscardAnswerAsync(broken.IsForwarded, fromServer, isHead, ct);
                return false;
            case ProxyFault.Hang hang:
                await PassAsync(head, fromClient, hang.IsForwarded ? toServer : Stream.Null, ct);
                await DiscardAnswerAsync(hang.IsForwarded, fromServer, isHead, ct);
                await fromClient.ReadSomeAsync(1, ct);
                return false;
            case ProxyFault.Error error:
                await PassAsync(head, fromClient, error.IsForwarded ? toServer : Stream.Null, ct);
                await DiscardAnswerAsync(error.IsForwarded, fromServer, isHead, ct);
                await _toClient.WriteAsync(ErrorAnswer(error, isHead), ct);
                return true;
            case ProxyFault.SendTwice:
                using (MemoryStream body = new())
                {
                    await PassAsync(head, fromClient, body, ct);
                    await toServer.WriteAsync(body.ToArray(), ct);
                    await DiscardAnswerAsync(isForwarded: true, fromServer, isHead, ct);
                    await toServer.WriteAsync(body.ToArray(), ct);
                    return await AnswerAsync(fromServer, isHead, cut: null, ct);
                }

            case ProxyFault.Held held:
                await held.Until.WaitAsync(ct);
                break;
        }

        await PassAsync(head, fromClient, toServer, ct);
        return await AnswerAsync(fromServer, isHead, fault as ProxyFault.CutBody, ct);
    }

    private static async Task PassAsync(HttpHead head, HttpReader fromClient, Stream target, CancellationToken ct)
    {
        await target.WriteAsync(head.Raw, ct);
        if (head.IsChunked)
        {
            await fromClient.CopyChunksAsync(target, ct);
        }
        else
        {
            await fromClient.CopyAsync(head.ContentLength ?? 0, target, ct);
        }
    }

    private static async Task DiscardAnswerAsync(bool isForwarded, HttpReader fromServer, bool isHead, CancellationToken ct)
    {
        if (isForwarded && await fromServer.ReadHeadAsync(ct) is { } answer)
        {
            await PassBodyAsync(answer, fromServer, Stream.Null, isHead, ct);
        }
    }

    private async Task<bool> AnswerAsync(HttpReader fromServer, bool isHead, ProxyFault.CutBody? cut, CancellationToken ct)
    {
        if (await fromServer.ReadHeadAsync(ct) is not { } answer)
        {
            return false;
        }

        await _toClient.WriteAsync(answer.Raw, ct);
        // An answer that is shorter stays whole, and the connection goes on.
        if (cut is not null && (answer.ContentLength ?? long.MaxValue) > cut.Bytes)
        {
            await fromServer.CopyAsync(cut.Bytes, _toClient, ct);
            if (cut.Stall is null)
            {
                // What was sent must arrive, which a reset does not grant.
                client.Shutdown(SocketShutdown.Send);
                await new HttpReader(_toClient).ReadSomeAsync(1, ct);
                return false;
            }

            await cut.Stall.WaitAsync(ct);
            await fromServer.CopyAsync(answer.ContentLength!.Value - cut.Bytes, _toClient, ct);
            return true;
        }

        return await PassBodyAsync(answer, fromServer, _toClient, isHead, ct);
    }

    /// <returns>Whether the connection goes on behind the body.</returns>
    private static async Task<bool> PassBodyAsync(HttpHead answer, HttpReader fromServer, Stream target, bool isHead, CancellationToken ct)
    {
        if (isHead || answer.Status is 204 or 304)
        {
            return true;
        }

        if (answer.IsChunked)
        {
            await fromServer.CopyChunksAsync(target, ct);
            return true;
        }

        if (answer.ContentLength is { } length)
        {
            await fromServer.CopyAsync(length, target, ct);
            return true;
        }

        while (await fromServer.ReadSomeAsync(int.MaxValue, ct) is { IsEmpty: false } some)
        {
            await target.WriteAsync(some, ct);
        }

        return false;
    }

    private static byte[] ErrorAnswer(ProxyFault.Error error, bool isHead)
    {
        string body = $"<?xml version=\"1.0\" encoding=\"UTF-8\"?>{error.Body}";
        string head = $"HTTP/1.1 {error.Status} {error.Code}\r\nContent-Type: application/xml\r\nContent-Length: {body.Length}\r\n\r\n";
        return Encoding.ASCII.GetBytes(isHead ? head : head + body);
    }
}
