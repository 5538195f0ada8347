using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.Serialization;

namespace Akka.Remote.Transport;

/// <summary>What a frame is: its first byte.</summary>
internal enum FrameKind : byte
{
    /// <summary>A message to an actor.</summary>
    Message = 1,

    /// <summary>Asks for a <see cref="Pong"/>.</summary>
    Ping = 2,

    /// <summary>The only frame that goes to the side that opened the connection.</summary>
    Pong = 3,
}

/// <summary>Takes frames from a socket: a length of four bytes, and that many bytes. Its buffer grows to one frame at most.</summary>
internal sealed class FrameReader : IDisposable
{
    private const int InitialBytes = 64 * 1024;

    private readonly Socket _socket;
    private readonly int _maxFrameBytes;
    private readonly TimeSpan _maxSilence;
    private readonly CancellationTokenSource _silence;
    private byte[] _buffer = new byte[InitialBytes];
    private int _start;
    private int _end;

    /// <param name="socket">Where bytes come from.</param>
    /// <param name="maxFrameBytes">A longer frame is refused.</param>
    /// <param name="maxSilence">How long nothing at all may come.</param>
    /// <param name="closed">Ends all reading.</param>
    public FrameReader(Socket socket, int maxFrameBytes, TimeSpan maxSilence, CancellationToken closed)
    {
        _socket = socket;
        _maxFrameBytes = maxFrameBytes;
        _maxSilence = maxSilence;
        _silence = CancellationTokenSource.CreateLinkedTokenSource(closed);
    }

    /// <summary>Exactly so many bytes; they stay as they are until the next read. Null when the other side closed before.</summary>
    /// <exception cref="OperationCanceledException">Nothing came for too long, or reading was ended.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(int count)
    {
        while (_end - _start < count)
        {
            MakeRoom(count);
            _silence.CancelAfter(_maxSilence);
            int received = await _socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, _silence.Token).ConfigureAwait(false);
            if (received == 0)
            {
                return null;
            }

            _end += received;
        }

        ReadOnlyMemory<byte> taken = _buffer.AsMemory(_start, count);
        _start += count;
        return taken;
    }

    /// <summary>The next frame without its length; it stays as it is until the next read. Null at the end.</summary>
    /// <exception cref="SerializationException">What comes is no frame.</exception>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadFrameAsync()
    {
        if (await ReadAsync(sizeof(int)).ConfigureAwait(false) is not { } length)
        {
            return null;
        }

        int bytes = BinaryPrimitives.ReadInt32BigEndian(length.Span);
        return bytes > 0 && bytes <= _maxFrameBytes
            ? await ReadAsync(bytes).ConfigureAwait(false)
            : throw new SerializationException($"A frame of {bytes} bytes; {_maxFrameBytes} are allowed (maximum-frame-size).");
    }

    public void Dispose() => _silence.Dispose();

    private void MakeRoom(int count)
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }

        if (_buffer.Length - _start >= count && _end < _buffer.Length)
        {
            return;
        }

        byte[] target = count > _buffer.Length ? new byte[count] : _buffer;
        Buffer.BlockCopy(_buffer, _start, target, 0, _end - _start);
        _buffer = target;
        _end -= _start;
        _start = 0;
    }
}
