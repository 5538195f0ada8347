using System.Buffers.Binary;
using System.IO.Pipelines;
using Broker.Actors.Connections;
using Broker.Actors.Unit.EndToEnd;
using Broker.ObjectStore.Buffers;
using Broker.Wire;

namespace Broker.Actors.Unit.Connections;

/// <summary>Frames off a pipe, and what a client that stops in the middle of one holds.</summary>
public sealed class FrameReceiverTests : IDisposable
{
    private const int MaxFrameBytes = 8 << 20;
    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 0));
    private readonly MemoryBudget _memory = new(4 << 20);
    private readonly BufferPool _buffers = new(new BufferPoolOptions());
    private readonly OneTimer _clock = new();
    private readonly FrameReceiver _frames;

    public FrameReceiverTests() => _frames = new FrameReceiver(_pipe.Reader, MaxFrameBytes, _memory, _buffers, _clock);

    public void Dispose() => _frames.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 1)]
    [InlineData(3_000_000)]
    public async Task Frame_arrives_whole_in_however_many_pieces_and_its_bytes_are_reserved(int frameBytes)
    {
        byte[] body = new byte[frameBytes];
        new Random(frameBytes).NextBytes(body);
        Task<BufferLease?> reading = ReceiveAsync();
        await SendSizeAsync(frameBytes);
        for (int at = 0; at < frameBytes; at += 100_003)
        {
            await _pipe.Writer.WriteAsync(body.AsMemory(at, Math.Min(100_003, frameBytes - at)));
        }

        BufferLease frame = Assert.IsType<BufferLease>(await reading);
        Assert.True(body.AsSpan().SequenceEqual(frame.Memory.Span));
        Assert.Equal(frameBytes, _memory.ReservedBytes);
        frame.Release();
        Assert.Equal(0, _buffers.OutstandingBytes);
    }

    [Fact]
    public async Task Announced_size_reserves_one_step_and_the_rest_when_that_has_come()
    {
        Task<BufferLease?> reading = ReceiveAsync();
        await SendSizeAsync(3 << 20);
        await Eventually.HoldsAsync(() => _memory.ReservedBytes == 1 << 20, "no first step");
        await _pipe.Writer.WriteAsync(new byte[1 << 20]);
        await Eventually.HoldsAsync(() => _memory.ReservedBytes == 3 << 20, "no rest");
        await _pipe.Writer.CompleteAsync();
        Assert.Null(await reading);
        Assert.Equal((0, 0), (_memory.ReservedBytes, _buffers.OutstandingBytes));
    }

    [Fact]
    public async Task Late_frame_goes_on_while_nobody_waits_for_its_memory_and_ends_when_somebody_does()
    {
        Task<BufferLease?> reading = ReceiveAsync();
        await SendSizeAsync(100_000);
        await Eventually.HoldsAsync(() => _clock.DueTime > TimeSpan.Zero, "no time is set for it");
        Assert.InRange(_clock.DueTime, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(31));
        Assert.Equal(100_000, _memory.ReservedBytes);

        _clock.Fire();
        await Eventually.HoldsAsync(() => _clock.DueTime == TimeSpan.FromSeconds(5), "it is not looked at again");
        Assert.False(reading.IsCompleted);

        Task waiter = _memory.ReserveAsync(5 << 20, CancellationToken.None);
        _clock.Fire();
        await Assert.ThrowsAsync<MalformedMessageException>(() => reading);
        await waiter;
    }

    [Fact]
    public async Task Timer_that_fires_behind_a_frame_does_not_disturb_the_next()
    {
        await SendSizeAsync(0);
        Assert.Equal(0, (await ReceiveAsync())!.Memory.Length);
        _clock.Fire();
        Task<BufferLease?> next = ReceiveAsync();
        await SendSizeAsync(2);
        await _pipe.Writer.WriteAsync(new byte[] { 1, 2 });
        Assert.Equal([1, 2], (await next)!.Memory.ToArray());
    }

    [Fact]
    public async Task Small_request_of_a_connection_without_others_passes_a_full_budget()
    {
        await _memory.ReserveAsync(4 << 20, CancellationToken.None);
        Task waiter = _memory.ReserveAsync(1000, CancellationToken.None);
        await SendSizeAsync(10);
        await _pipe.Writer.WriteAsync(new byte[10]);
        Assert.NotNull(await ReceiveAsync());
        Assert.False(waiter.IsCompleted);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(MaxFrameBytes + 1)]
    public async Task Impossible_size_is_refused(int size)
    {
        await SendSizeAsync(size);
        await Assert.ThrowsAsync<MalformedMessageException>(ReceiveAsync);
    }

    private async Task<BufferLease?> ReceiveAsync() =>
        await _frames.ReadSizeAsync(CancellationToken.None) is { } size ? await _frames.ReadBodyAsync(size, isOnly: true, CancellationToken.None) : null;

    private async Task SendSizeAsync(int size)
    {
        byte[] bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, size);
        await _pipe.Writer.WriteAsync(bytes);
    }

    /// <summary>A clock with one timer, which the test fires.</summary>
    private sealed class OneTimer : TimeProvider, ITimer
    {
        private TimerCallback? _callback;
        private long _dueTicks;

        /// <summary>What the timer was set to last, by whichever thread reads the pipe; zero before the first time.</summary>
        public TimeSpan DueTime => TimeSpan.FromTicks(Volatile.Read(ref _dueTicks));

        public void Fire() => _callback!(null);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _callback = callback;
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Volatile.Write(ref _dueTicks, dueTime.Ticks);
            return true;
        }

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
