using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Broker.Node.Composition;

/// <summary>
/// Memory for socket reads and writes in blocks of 64 KiB instead of Kestrel's 4 KiB: a megabyte of records is then 16
/// system calls, not 256. A connection that waits for data holds none. One pool serves all listeners. Thread-safe.
/// </summary>
internal sealed class SocketMemory : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    private const int BlockBytes = 64 * 1024;

    // What is kept for reuse: some hundred connections in full flow. More is left to the garbage collector.
    private const int MaxKeptBlocks = 512;

    private readonly ConcurrentQueue<Block> _free = new();
    private int _freeCount;

    public override int MaxBufferSize => BlockBytes;

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        if (_free.TryDequeue(out Block? block))
        {
            Interlocked.Decrement(ref _freeCount);
            return block;
        }

        return new Block(this);
    }

    // Shared by listeners that dispose "their" pool when they stop: nothing here needs it.
    protected override void Dispose(bool disposing)
    {
    }

    private void Return(Block block)
    {
        if (Interlocked.Increment(ref _freeCount) <= MaxKeptBlocks)
        {
            _free.Enqueue(block);
        }
        else
        {
            Interlocked.Decrement(ref _freeCount);
        }
    }

    private sealed class Block(SocketMemory pool) : IMemoryOwner<byte>
    {
        // Pinned once: every socket operation would have to pin it otherwise.
        public Memory<byte> Memory { get; } = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);

        public void Dispose() => pool.Return(this);
    }
}
