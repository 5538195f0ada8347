using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Broker.ObjectStore.Buffers;
using Broker.Wire;

namespace Broker.Actors.Connections;

/// <summary>
/// Reads whole frames off one connection into buffers of the pool, each after its bytes were reserved in the node's budget. A size that is only
/// announced costs others nothing: of a large frame a first step is reserved, and the rest when that much has arrived. A frame that comes too
/// slowly ends its connection as soon as others wait for memory.
/// </summary>
internal sealed class FrameReceiver : IDisposable
{
    /// <summary>What is reserved on the mere word of a client: the usual produce request fits it, and is never copied.</summary>
    private const int FirstStepBytes = 1 << 20;

    /// <summary>
    /// A frame up to this size need not wait for memory when its connection has no other request in progress: so metadata, heartbeats and commits pass
    /// while producers wait. A thousand connections are 16 MiB.
    /// </summary>
    private const int SmallBytes = 16 << 10;

    /// <summary>How long a frame may take whatever its size. 30 s: a client whose network stalls for longer gives the request up itself.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>And in addition so many bytes a second: less than the slowest link that produces, and a frame of 100 MB ends in minutes.</summary>
    private const int LeastBytesPerSecond = 256 << 10;

    /// <summary>How often a late frame is looked at again while nobody waits for its memory.</summary>
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(5);

    private readonly PipeReader _input;
    private readonly int _maxFrameBytes;
    private readonly MemoryBudget _memory;
    private readonly BufferPool _buffers;
    private readonly ITimer _late;

    public FrameReceiver(PipeReader input, int maxFrameBytes, MemoryBudget memory, BufferPool buffers, TimeProvider clock)
    {
        (_input, _maxFrameBytes, _memory, _buffers) = (input, maxFrameBytes, memory, buffers);
        _late = clock.CreateTimer(_ => input.CancelPendingRead(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _late.Dispose();

    /// <summary>The size of the next frame in bytes, or null at the end of the input.</summary>
    /// <exception cref="MalformedMessageException">No frame has that size.</exception>
    public async ValueTask<int?> ReadSizeAsync(CancellationToken stop)
    {
        ReadResult read = await _input.ReadAtLeastAsync(sizeof(int), stop);
        while (read.IsCanceled)
        {
            // A timer of the frame before that fired as its last bytes came.
            _input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await _input.ReadAtLeastAsync(sizeof(int), stop);
        }

        if (read.Buffer.Length < sizeof(int))
        {
            return null;
        }

        int size = ReadInt32(read.Buffer);
        _input.AdvanceTo(read.Buffer.GetPosition(sizeof(int)));
        return size >= 0 && size <= _maxFrameBytes
            ? size
            : throw new MalformedMessageException($"a frame of {size} bytes; socket.request.max.bytes is {_maxFrameBytes}");
    }

    /// <summary>The next frame's body, whose bytes are then reserved; null when the input ends before it does.</summary>
    /// <param name="isOnly">The connection has no other request in progress.</param>
    /// <exception cref="MalformedMessageException">It comes too slowly, and others wait.</exception>
    public async ValueTask<BufferLease?> ReadBodyAsync(int frameBytes, bool isOnly, CancellationToken stop)
    {
        int reserved = Math.Min(frameBytes, FirstStepBytes);
        await ReserveAsync(reserved, isOnly && frameBytes <= SmallBytes, stop);
        BufferLease frame = _buffers.Rent(reserved);
        bool isWhole = false;
        try
        {
            _late.Change(Patience + TimeSpan.FromSeconds((double)frameBytes / LeastBytesPerSecond), Timeout.InfiniteTimeSpan);
            isWhole = await FillAsync(frame.Memory, stop);
            if (isWhole && reserved < frameBytes)
            {
                // All of the rest at once: frames that grow in steps, each holding what others wait for, would wait for ever.
                await ReserveAsync(frameBytes - reserved, false, stop);
                reserved = frameBytes;
                frame = Enlarge(frame, frameBytes);
                isWhole = await FillAsync(frame.Memory[FirstStepBytes..], stop);
            }

            return isWhole ? frame : null;
        }
        finally
        {
            _late.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            if (!isWhole)
            {
                frame.Release();
                _memory.Release(reserved);
            }
        }
    }

    private async ValueTask ReserveAsync(int bytes, bool isUrgent, CancellationToken stop)
    {
        if (isUrgent)
        {
            _memory.Take(bytes);
        }
        else
        {
            await _memory.ReserveAsync(bytes, stop);
        }
    }

    private BufferLease Enlarge(BufferLease frame, int bytes)
    {
        BufferLease larger = _buffers.Rent(bytes);
        frame.Memory.CopyTo(larger.Memory);
        frame.Release();
        return larger;
    }

    private async ValueTask<bool> FillAsync(Memory<byte> frame, CancellationToken stop)
    {
        while (frame.Length > 0)
        {
            ReadResult read = await _input.ReadAsync(stop);
            ReadOnlySequence<byte> taken = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, frame.Length));
            taken.CopyTo(frame.Span);
            frame = frame[(int)taken.Length..];
            bool isLast = taken.Length == read.Buffer.Length;
            _input.AdvanceTo(taken.End);
            if (frame.Length > 0 && read.IsCanceled)
            {
                GiveUpIfOthersWait(frame.Length);
            }

            if (read.IsCompleted && frame.Length > 0 && isLast)
            {
                return false;
            }
        }

        return true;
    }

    private void GiveUpIfOthersWait(int missingBytes)
    {
        if (_memory.HasWaiters)
        {
            throw new MalformedMessageException($"a request is late, {missingBytes} of its bytes are missing, and other clients wait for its memory");
        }

        _late.Change(Recheck, Timeout.InfiniteTimeSpan);
    }

    private static int ReadInt32(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        buffer.Slice(0, sizeof(int)).CopyTo(bytes);
        return BinaryPrimitives.ReadInt32BigEndian(bytes);
    }
}
