using System.Globalization;
using System.Text;

namespace Broker.TestSupport.S3;

/// <summary>The head of an HTTP/1.1 message, as it was sent.</summary>
/// <param name="Raw">All bytes up to and with the empty line.</param>
/// <param name="StartLine">The request or status line.</param>
/// <param name="Headers">By lower-case name.</param>
internal sealed record HttpHead(byte[] Raw, string StartLine, IReadOnlyDictionary<string, string> Headers)
{
    internal long? ContentLength => Headers.TryGetValue("content-length", out string? length) ? long.Parse(length, CultureInfo.InvariantCulture) : null;

    internal bool IsChunked => Headers.TryGetValue("transfer-encoding", out string? encoding) && encoding.Contains("chunked", StringComparison.OrdinalIgnoreCase);

    internal int Status => int.Parse(StartLine.Split(' ')[1], CultureInfo.InvariantCulture);
}

/// <summary>Reads HTTP/1.1 messages from a connection without changing a byte of them.</summary>
internal sealed class HttpReader(Stream stream)
{
    /// <summary>Heads are smaller; larger pieces of bodies would cost cache misses.</summary>
    private const int BufferBytes = 64 * 1024;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;

    /// <summary>The next head; null at the end of the connection.</summary>
    internal async Task<HttpHead?> ReadHeadAsync(CancellationToken ct)
    {
        while (true)
        {
            int length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8);
            if (length >= 0)
            {
                byte[] raw = _buffer[_start..(_start + length + 4)];
                _start += raw.Length;
                return Parse(raw);
            }

            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }

            int read = await stream.ReadAsync(_buffer.AsMemory(_end), ct);
            _end += read;
            if (read == 0)
            {
                return null;
            }
        }
    }

    /// <summary>Some bytes of a body, at most <paramref name="most"/>; valid until the next read. Empty at the end of the connection.</summary>
    internal async Task<ReadOnlyMemory<byte>> ReadSomeAsync(long most, CancellationToken ct)
    {
        if (_start == _end)
        {
            _start = 0;
            _end = await stream.ReadAsync(_buffer.AsMemory(0, (int)Math.Min(BufferBytes, most)), ct);
        }

        int length = (int)Math.Min(most, _end - _start);
        _start += length;
        return _buffer.AsMemory(_start - length, length);
    }

    /// <summary>Copies exactly so many bytes.</summary>
    /// <exception cref="EndOfStreamException">The connection ended before.</exception>
    internal async Task CopyAsync(long bytes, Stream target, CancellationToken ct)
    {
        while (bytes > 0)
        {
            ReadOnlyMemory<byte> some = await ReadSomeAsync(bytes, ct);
            if (some.IsEmpty)
            {
                throw new EndOfStreamException();
            }

            await target.WriteAsync(some, ct);
            bytes -= some.Length;
        }
    }

    /// <summary>Copies a body of chunks (RFC 9112, section 7.1), with its framing.</summary>
    internal async Task CopyChunksAsync(Stream target, CancellationToken ct)
    {
        while (true)
        {
            string line = await CopyLineAsync(target, ct);
            long size = long.Parse(line.Split(';')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (size == 0)
            {
                // Trailers, up to the empty line.
                while ((await CopyLineAsync(target, ct)).Length > 0)
                {
                }

                return;
            }

            await CopyAsync(size + 2, target, ct);
        }
    }

    private async Task<string> CopyLineAsync(Stream target, CancellationToken ct)
    {
        StringBuilder line = new();
        while (line.Length < 2 || line[^1] != '\n')
        {
            ReadOnlyMemory<byte> one = await ReadSomeAsync(1, ct);
            if (one.IsEmpty)
            {
                throw new EndOfStreamException();
            }

            line.Append((char)one.Span[0]);
            await target.WriteAsync(one, ct);
        }

        return line.ToString().TrimEnd('\r', '\n');
    }

    private static HttpHead Parse(byte[] raw)
    {
        string[] lines = Encoding.Latin1.GetString(raw).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            headers[line[..colon].ToLowerInvariant()] = line[(colon + 1)..].Trim();
        }

        return new HttpHead(raw, lines[0], headers);
    }
}
