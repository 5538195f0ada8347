using System.Buffers;
using Broker.TestSupport.Simulation;
using Broker.TestSupport.Storage;

namespace Broker.ObjectStore.Unit.Stores;

public sealed class HistoryPaceTests
{
    private readonly SteppedTime _time = new();
    private readonly HistoryPace _pace;

    public HistoryPaceTests() => _pace = new HistoryPace(_time);

    [Fact]
    public async Task Without_producers_there_is_no_bound()
    {
        Assert.Equal(double.PositiveInfinity, _pace.BytesPerSecond);
        await ReadAsync();

        Put(10);
        Assert.True(double.IsFinite(_pace.BytesPerSecond));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(double.PositiveInfinity, _pace.BytesPerSecond);
    }

    [Fact]
    public async Task Bound_falls_to_its_least_while_puts_are_slow_beside_reads_and_rises_out_of_sight_while_they_are_not()
    {
        PutsAlone(40, ms: 10);
        await PutsBesideReadsAsync(300, besideMs: 20, aloneMs: 10);
        Assert.Equal(32 << 20, _pace.BytesPerSecond);

        await PutsBesideReadsAsync(1000, besideMs: 11, aloneMs: 10);
        Assert.Equal(double.PositiveInfinity, _pace.BytesPerSecond);
    }

    [Fact]
    public async Task Store_that_becomes_slow_by_itself_is_not_taken_for_one_that_reads_make_slow()
    {
        PutsAlone(40, ms: 10);
        await PutsBesideReadsAsync(300, besideMs: 20, aloneMs: 10);

        // Found out in pauses, of which one is due every ten seconds.
        await PutsBesideReadsAsync(3000, besideMs: 20, aloneMs: 20);
        Assert.True(_pace.BytesPerSecond > 32 << 20);
    }

    [Fact]
    public async Task Reads_wait_for_the_pace()
    {
        PutsAlone(40, ms: 10);
        await PutsBesideReadsAsync(300, besideMs: 20, aloneMs: 10);
        await ReadAsync(32 << 20, putMs: 10);
        long began = _time.GetTimestamp();

        await ReadAsync((1 << 20) + 1, putMs: 10);

        // The second that the bytes before take, and a pause perhaps.
        Assert.InRange(_time.GetElapsedTime(began).TotalSeconds, 0.95, 1.6);
    }

    [Fact]
    public async Task Small_read_does_not_wait_behind_large_ones()
    {
        PutsAlone(40, ms: 10);
        await PutsBesideReadsAsync(300, besideMs: 20, aloneMs: 10);
        await ReadAsync(32 << 20, putMs: 10);
        long began = _time.GetTimestamp();

        await ReadAsync(1 << 20, putMs: 10);

        // A tenth of a second, and a pause perhaps.
        Assert.InRange(_time.GetElapsedTime(began).TotalSeconds, 0.05, 0.75);
    }

    [Fact]
    public async Task Stores_take_note_of_reads_and_of_puts()
    {
        InMemoryObjectStore store = new();
        ObjectKey key = new("data/1");
        TimedObjectStore writes = new(store, _pace, _time);
        HistoryObjectStore reads = new(store, _pace);
        Assert.Equal(double.PositiveInfinity, _pace.BytesPerSecond);
        await writes.PutAsync(key, new ReadOnlySequence<byte>(new byte[100]), PutCondition.IfAbsent, default);
        PutsAlone(40, ms: 10);
        Assert.True(double.IsFinite(_pace.BytesPerSecond));

        Assert.Equal(100, await reads.ReadAsync(key, ByteRange.All, [new byte[100]], default));
        for (int i = 0; i < 100; i++)
        {
            await reads.ReadAsync(key, ByteRange.All, [new byte[100]], default);
            await writes.PutAsync(new ObjectKey($"wal/{i}"), ReadOnlySequence<byte>.Empty, PutCondition.IfAbsent, default);
        }

        // PUTs that take no time here; so reads may have more and more.
        Assert.True(_pace.BytesPerSecond > 128 << 20);
    }

    private void PutsAlone(int count, int ms)
    {
        for (int i = 0; i < count; i++)
        {
            Put(ms);
        }
    }

    private async Task PutsBesideReadsAsync(int count, int besideMs, int aloneMs)
    {
        for (int i = 0; i < count; i++)
        {
            Put(besideMs);
            await ReadAsync(1, aloneMs);
        }
    }

    /// <summary>A read, and the PUTs that go on while it waits.</summary>
    private async Task ReadAsync(long bytes = 1, int putMs = 10)
    {
        Task begun = _pace.BeginReadAsync(bytes, default).AsTask();
        while (!begun.IsCompleted)
        {
            if (_time.Waiting > 0)
            {
                Put(putMs);
            }
            else
            {
                await Task.Yield();
            }
        }

        await begun;
        _pace.ReadEnded();
    }

    private void Put(int ms)
    {
        long began = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromMilliseconds(ms));
        _pace.PutEnded(began);
    }
}
