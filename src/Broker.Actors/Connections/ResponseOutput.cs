using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Broker.Actors.Connections;

/// <summary>
/// Where the bytes of answers go: a connection's socket, or its pipe. Small pieces are gathered, large ones go as they are; what was written is on its
/// way, and its memory the caller's again, when <see cref="WriteAsync"/> returns. One writer.
/// </summary>
internal abstract class ResponseOutput
{
    /// <summary>The socket itself where the transport shows it and nothing (TLS) lies between; else the pipe.</summary>
    public static ResponseOutput Of(Socket? socket, PipeWriter pipe) => socket is null ? new ToPipe(pipe) : new ToSocket(socket);

    public abstract ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop);

    /// <summary>Sends what is still gathered.</summary>
    public abstract ValueTask FlushAsync(CancellationToken stop);

    /// <summary>
    /// Past the pipe: records go from where they lie into the kernel, with one copy less, and without a handing over from thread to thread for each
    /// quarter of a megabyte.
    /// </summary>
    private sealed class ToSocket(Socket socket) : ResponseOutput
    {
        // Small answers that are ready together fill one packet or some; a header does not go alone before its records.
        private const int GatherBytes = 16 * 1024;

        // Only while something is in it: thousands of connections wait with nothing to send.
        private byte[] _gathered = [];
        private int _count;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
        {
            bytes = Gather(bytes);
            if (bytes.IsEmpty)
            {
                return;
            }

            await FlushAsync(stop);
            if (bytes.Length < GatherBytes)
            {
                Gather(bytes);
                return;
            }

            await SendAsync(bytes, stop);
        }

        public override async ValueTask FlushAsync(CancellationToken stop)
        {
            if (_count > 0)
            {
                byte[] gathered = _gathered;
                (_gathered, int count, _count) = ([], _count, 0);
                try
                {
                    await SendAsync(gathered.AsMemory(0, count), stop);
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(gathered);
                }
            }
        }

        private ReadOnlyMemory<byte> Gather(ReadOnlyMemory<byte> bytes)
        {
            int taken = Math.Min(bytes.Length, GatherBytes - _count);
            _gathered = _gathered.Length == 0 ? ArrayPool<byte>.Shared.Rent(GatherBytes) : _gathered;
            bytes[..taken].CopyTo(_gathered.AsMemory(_count));
            _count += taken;
            return bytes[taken..];
        }

        private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, stop)..];
            }
        }
    }

    private sealed class ToPipe(PipeWriter pipe) : ResponseOutput
    {
        // A large answer is handed on in pieces of this size, so that the first is sent while the next is copied, and the pipe never holds a whole one.
        private const int FlushBytes = 256 * 1024;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
        {
            while (!bytes.IsEmpty)
            {
                ReadOnlyMemory<byte> piece = bytes[..Math.Min(bytes.Length, FlushBytes)];
                pipe.Write(piece.Span);
                bytes = bytes[piece.Length..];
                if (pipe.UnflushedBytes >= FlushBytes)
                {
                    await FlushAsync(stop);
                }
            }
        }

        public override async ValueTask FlushAsync(CancellationToken stop) => await pipe.FlushAsync(stop);
    }
}
