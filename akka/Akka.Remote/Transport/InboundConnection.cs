using System.Net;
using System.Net.Sockets;
using System.Runtime.Serialization;
using Akka.Event;
using Akka.Serialization;

namespace Akka.Remote.Transport;

/// <summary>A connection that another system opened: its messages come in on it, in their order.</summary>
internal sealed class InboundConnection : IDisposable
{
    private static readonly byte[] PongFrame = [0, 0, 0, 1, (byte)FrameKind.Pong];

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closed = new();
    private readonly Socket _socket;
    private readonly string _host;
    private readonly TcpRemoting _remoting;
    private readonly TcpSettings _settings;
    private readonly ILoggingAdapter _log;
    private int _disposed;

    public InboundConnection(long number, Socket socket, TcpRemoting remoting, TcpSettings settings, ILoggingAdapter log)
    {
        Number = number;
        _socket = socket;
        _host = (socket.RemoteEndPoint as IPEndPoint)?.Address.ToString() ?? "unknown";
        _remoting = remoting;
        _settings = settings;
        _log = log;
        _socket.NoDelay = settings.NoDelay;
        if (settings.ReceiveBufferBytes > 0)
        {
            _socket.ReceiveBufferSize = settings.ReceiveBufferBytes;
        }
    }

    /// <summary>In the order in which they were accepted.</summary>
    public long Number { get; }

    /// <summary>Who opened it; null before the handshake. Any thread.</summary>
    public Hello? Peer { get; private set; }

    /// <summary>Completes when no message of it will be delivered any more.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Serves the connection until it ends. Never throws.</summary>
    public async Task ServeAsync()
    {
        try
        {
            if (await ShakeHandsAsync().ConfigureAwait(false))
            {
                await ReceiveAsync().ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            _log.Debug("Inbound connection from [{0}] ended: {1}", Origin(), failure.Message);
        }
        catch (SerializationException garbage)
        {
            _remoting.Troubles.Tell(
                LogLevel.WarningLevel, "garbage", Origin(), null,
                "Closing the inbound connection from [{0}]: {1} This port is for the cluster's nodes only, all of one version", Origin(), garbage.Message);
        }
        catch (Exception failure)
        {
            _remoting.Troubles.Tell(
                LogLevel.ErrorLevel, "fault", Origin(), failure, "Closing the inbound connection from [{0}] for a fault of this system: {1}", Origin(), failure.Message);
        }
        finally
        {
            Dispose();
            _ended.TrySetResult();
        }
    }

    /// <summary>Any thread.</summary>
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
            _socket.Dispose();
        }
    }

    private async Task<bool> ShakeHandsAsync()
    {
        using FrameReader reader = new(_socket, Handshake.MaxBodyBytes, _settings.ConnectionTimeout, _closed.Token);
        using CancellationTokenSource expiry = new(_settings.ConnectionTimeout);
        using CancellationTokenRegistration closing = expiry.Token.Register(Close);

        // Exactly the bytes of the handshake are taken: nothing may follow before the answer.
        if (await reader.ReadAsync(Handshake.HeaderBytes).ConfigureAwait(false) is not { } header)
        {
            _log.Debug("Inbound connection from [{0}] ended before it said who it is: a look whether somebody listens here", Origin());
            return false;
        }

        (ushort version, int bodyBytes) = Handshake.ReadHeader(header.Span);
        ReadOnlyMemory<byte> body = await ReadAsync(reader, bodyBytes).ConfigureAwait(false);
        HandshakeResult result = HandshakeResult.OtherVersion;
        if (version == Handshake.Version)
        {
            Peer = Handshake.ReadHello(body.Span);
            result = await _remoting.AdmitAsync(this).ConfigureAwait(false);
        }

        ByteWriter writer = new();
        Handshake.Write(writer, result, _remoting.Address, _remoting.Uid);
        await SendAsync(writer.Written).ConfigureAwait(false);
        if (result != HandshakeResult.Accepted)
        {
            _remoting.Troubles.Tell(
                LogLevel.WarningLevel, result.ToString(), Origin(), null, "Refused the inbound connection from [{0}]: {1}", Origin(), _remoting.Explain(result, version, Peer?.To));
        }

        return result == HandshakeResult.Accepted;
    }

    private async Task ReceiveAsync()
    {
        TimeSpan maxSilence = _settings.AcceptableHeartbeatPause + _settings.HeartbeatInterval;
        using FrameReader reader = new(_socket, _settings.MaxFrameBytes, maxSilence, _closed.Token);
        EnvelopeDispatcher dispatcher = _remoting.NewDispatcher(Origin());
        while (await reader.ReadFrameAsync().ConfigureAwait(false) is { } frame)
        {
            switch ((FrameKind)frame.Span[0])
            {
                case FrameKind.Message:
                    dispatcher.Dispatch(frame.Span[1..]);
                    break;
                case FrameKind.Ping:
                    await SendAsync(PongFrame).ConfigureAwait(false);
                    break;
                default:
                    throw new SerializationException($"A frame of the unknown kind {frame.Span[0]}.");
            }
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None, _closed.Token).ConfigureAwait(false)..];
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(FrameReader reader, int count) =>
        await reader.ReadAsync(count).ConfigureAwait(false) ?? throw new SerializationException("It ended within the handshake.");

    /// <summary>Who it says that it is, and from where it comes: the former costs nothing.</summary>
    private string Origin() => Peer is { } peer ? $"{peer.From} at {_host}" : _host;
}
