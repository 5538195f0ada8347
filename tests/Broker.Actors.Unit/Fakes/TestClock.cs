namespace Broker.Actors.Unit.Fakes;

/// <summary>A clock that stands still until it is moved. Its timers are the system's.</summary>
internal sealed class TestClock : TimeProvider
{
    private long _nowMs = TestBatches.TimestampMs;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public long NowMs => Interlocked.Read(ref _nowMs);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _nowMs, (long)by.TotalMilliseconds);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);

    public override long GetTimestamp() => NowMs * TimeSpan.TicksPerMillisecond;
}
