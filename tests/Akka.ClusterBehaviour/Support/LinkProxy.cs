using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Akka.ClusterBehaviour;

/// <summary>
/// Stands before a node's port. It knows who connects by the address that the first bytes tell (both transports do), and can
/// cut the link with any other node: nothing goes through then, and nobody is told.
/// </summary>
internal sealed class LinkProxy : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly ConcurrentDictionary<string, TaskCompletionSource<bool>> _cuts = new();
    private readonly ConcurrentDictionary<Socket, string> _sockets = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly string _host;
    private readonly string _nodeHost;
    private readonly Task _accepting;

    /// <param name="host">Where others connect to; 127.x.y.z.</param>
    /// <param name="nodeHost">Where the node listens, at the same port.</param>
    public LinkProxy(string host, string nodeHost)
    {
        _host = host;
        _nodeHost = nodeHost;
        _listener.Bind(new IPEndPoint(IPAddress.Parse(host), 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Nothing comes from that node any more, on connections that it opened.</summary>
    public void Cut(string otherHost) => _cuts.TryAdd(otherHost, new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <param name="otherHost">The node whose link works again.</param>
    /// <param name="isLost">Whether what was sent meanwhile is lost, as with a node that died, or late.</param>
    public void Heal(string otherHost, bool isLost)
    {
        // Also what was not read yet is lost: connections go before the cut does.
        foreach (Socket socket in _sockets.Where(each => isLost && each.Value == otherHost).Select(each => each.Key))
        {
            socket.Close(0);
        }

        if (_cuts.TryRemove(otherHost, out TaskCompletionSource<bool>? cut))
        {
            cut.SetResult(!isLost);
        }
    }

    /// <summary>Ends all connections at once, as a restarted switch would.</summary>
    public void Reset()
    {
        foreach (Socket socket in _sockets.Keys)
        {
            socket.Close(0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        Reset();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptAsync(_stop.Token));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The end of the test.
        }
    }

    private async Task ServeAsync(Socket from)
    {
        using Socket to = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using (from)
        {
            _sockets[from] = "";
            _sockets[to] = "";
            try
            {
                byte[] first = new byte[BufferBytes];
                int count = await from.ReceiveAsync(first, _stop.Token);
                string origin = OriginOf(first.AsSpan(0, count));
                _sockets[from] = origin;
                await to.ConnectAsync(_nodeHost, Port, _stop.Token);
                await PassAsync(to, first.AsMemory(0, count), origin);
                await Task.WhenAny(PumpAsync(from, to, origin), PumpAsync(to, from, origin));
            }
            catch (Exception ended) when (ended is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // One side closed, or the test did.
            }

            _sockets.TryRemove(from, out _);
            _sockets.TryRemove(to, out _);
        }
    }

    private async Task PumpAsync(Socket from, Socket to, string origin)
    {
        byte[] buffer = new byte[BufferBytes];
        int count;
        while ((count = await from.ReceiveAsync(buffer, _stop.Token)) > 0)
        {
            await PassAsync(to, buffer.AsMemory(0, count), origin);
        }
    }

    private async Task PassAsync(Socket to, ReadOnlyMemory<byte> bytes, string origin)
    {
        if (_cuts.TryGetValue(origin, out TaskCompletionSource<bool>? cut) && !await cut.Task.WaitAsync(_stop.Token))
        {
            throw new SocketException((int)SocketError.ConnectionReset);
        }

        while (bytes.Length > 0)
        {
            bytes = bytes[await to.SendAsync(bytes, _stop.Token)..];
        }
    }

    /// <summary>The first host of ours that is told and is not this node's own.</summary>
    private string OriginOf(ReadOnlySpan<byte> first)
    {
        string text = Encoding.Latin1.GetString(first);
        for (int at = text.IndexOf(TestNode.HostPrefix, StringComparison.Ordinal); at >= 0; at = text.IndexOf(TestNode.HostPrefix, at + 1, StringComparison.Ordinal))
        {
            string host = text.Substring(at, Math.Min(_host.Length, text.Length - at));
            if (host != _host)
            {
                return host;
            }
        }

        return "";
    }
}
