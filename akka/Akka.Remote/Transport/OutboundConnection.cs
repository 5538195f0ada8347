using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Serialization;
using Akka.Serialization;

namespace Akka.Remote.Transport;

/// <summary>A connection that this side opened: messages go out on it, only pongs come back.</summary>
internal sealed class OutboundConnection : IDisposable
{
    private readonly CancellationTokenSource _closed = new();
    private readonly Socket _socket;
    private readonly TcpSettings _settings;
    private readonly FrameReader _reader;
    private readonly long _openedAt = Stopwatch.GetTimestamp();
    private int _disposed;

    private OutboundConnection(Socket socket, TcpSettings settings)
    {
        _socket = socket;
        _settings = settings;
        _reader = new FrameReader(socket, Handshake.MaxBodyBytes, settings.AcceptableHeartbeatPause + settings.HeartbeatInterval, _closed.Token);
        Closed = _closed.Token;
    }

    /// <summary>Signalled when the connection is of no more use.</summary>
    public CancellationToken Closed { get; }

    public HelloReply Peer { get; private set; } = new(HandshakeResult.OtherAddress, 0, null, 0);

    public TimeSpan Age => Stopwatch.GetElapsedTime(_openedAt);

    /// <summary>Connects and shakes hands.</summary>
    /// <exception cref="SocketException">The other system can't be reached.</exception>
    /// <exception cref="SerializationException">It is none of ours.</exception>
    /// <exception cref="OperationCanceledException">It took longer than <c>connection-timeout</c>, or <paramref name="stop"/>.</exception>
    public static async Task<OutboundConnection> OpenAsync(Hello hello, TcpSettings settings, CancellationToken stop)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = settings.NoDelay };
        if (settings.SendBufferBytes > 0)
        {
            socket.SendBufferSize = settings.SendBufferBytes;
        }

        OutboundConnection connection = new(socket, settings);
        try
        {
            using CancellationTokenSource expiry = CancellationTokenSource.CreateLinkedTokenSource(stop);
            expiry.CancelAfter(settings.ConnectionTimeout);
            await socket.ConnectAsync(new DnsEndPoint(hello.To.Host!, hello.To.Port!.Value), expiry.Token).ConfigureAwait(false);
            using CancellationTokenRegistration closing = expiry.Token.Register(connection.Close);
            await connection.ShakeHandsAsync(hello).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None, Closed).ConfigureAwait(false)..];
        }
    }

    /// <summary>Nothing more will be sent: what was sent arrives all the same.</summary>
    public void EndSending()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // The other side was faster.
        }
    }

    /// <summary>Reads pongs until the connection ends or has been silent for too long, and closes it then.</summary>
    /// <returns>Why it ended.</returns>
    public async Task<string> WatchAsync()
    {
        try
        {
            while (await _reader.ReadFrameAsync().ConfigureAwait(false) is not null)
            {
            }

            return "the other side closed the connection";
        }
        catch (OperationCanceledException) when (!Closed.IsCancellationRequested)
        {
            return $"the other side was silent for more than {_settings.AcceptableHeartbeatPause}";
        }
        catch (Exception failure) when (failure is SocketException or SerializationException or OperationCanceledException or ObjectDisposedException)
        {
            return failure.Message;
        }
        finally
        {
            Close();
        }
    }

    /// <summary>Any thread; whatever reads or writes ends.</summary>
    public void Close()
    {
        if (Volatile.Read(ref _disposed) == 0)
        {
            _closed.Cancel();
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _closed.Cancel();
            _reader.Dispose();
            _socket.Dispose();
        }
    }

    private async Task ShakeHandsAsync(Hello hello)
    {
        ByteWriter writer = new();
        Handshake.Write(writer, hello);
        await SendAsync(writer.Written).ConfigureAwait(false);
        ReadOnlyMemory<byte> header = await ReadAsync(Handshake.HeaderBytes).ConfigureAwait(false);
        (ushort version, int bodyBytes) = Handshake.ReadHeader(header.Span);
        ReadOnlyMemory<byte> body = await ReadAsync(bodyBytes).ConfigureAwait(false);
        Peer = Handshake.ReadReply(version, body.Span);
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(int count) =>
        await _reader.ReadAsync(count).ConfigureAwait(false) ?? throw new SerializationException("The other side closed the connection during the handshake.");
}
