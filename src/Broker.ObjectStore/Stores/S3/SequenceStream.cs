using System.Buffers;

namespace Broker.ObjectStore.S3;

/// <summary>
/// A caller's memory as a stream, without a copy of it. Seekable: the SDK reads a body once for its hash, by synchronous calls, and once for the wire, by
/// asynchronous ones; these keep to the pace. It must not be read when the call has ended; reads then throw instead of touching memory that has another owner.
/// </summary>
internal sealed class SequenceStream(ReadOnlySequence<byte> body, BytePace? pace = null) : Stream
{
    private ReadOnlySequence<byte> _body = body;
    private SequencePosition _next = body.Start;
    private long _position;
    private bool _closed;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => _body.Length;

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, Length);
            // From the present place where it lies ahead: a jump from the start walks all segments.
            _next = value >= _position ? _body.GetPosition(value - _position, _next) : _body.GetPosition(value);
            _position = value;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        int filled = 0;
        while (filled < buffer.Length && _position < _body.Length)
        {
            SequencePosition segment = _next;
            if (!_body.TryGet(ref segment, out ReadOnlyMemory<byte> memory, advance: false))
            {
                break;
            }

            int bytes = Math.Min(memory.Length, buffer.Length - filled);
            memory.Span[..bytes].CopyTo(buffer[filled..]);
            filled += bytes;
            Position += bytes;
        }

        return filled;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (pace is not null)
        {
            await pace.WaitAsync(Math.Min(buffer.Length, Length - _position), cancellationToken).ConfigureAwait(false);
        }

        return Read(buffer.Span);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _closed = true;
        _body = ReadOnlySequence<byte>.Empty;
        base.Dispose(disposing);
    }
}
