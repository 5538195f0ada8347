namespace Broker.ObjectStore;

/// <summary>
/// How fast history may be read from a store that producers wait for: as fast as leaves the write-ahead log's PUTs about as quick as they are without
/// such reads. What they take then is measured now and then, while reads pause. Without producers there is no bound. Thread-safe.
/// <para>It steers by what is seen, whatever runs short: the network, the store, this machine's cores. Where nothing does, the bound rises out of sight.</para>
/// </summary>
public sealed class HistoryPace
{
    /// <summary>How much longer PUTs may take on average beside reads. A quarter: less is hard to tell from chance, and costs who reads more than it spares who writes.</summary>
    private const double Slower = 1.25;

    /// <summary>One step of the bound, up or down; the same both ways, so that chance moves it nowhere.</summary>
    private const double Step = 1.1;

    /// <summary>PUTs between two steps: about half a second, of usual logs.</summary>
    private const int PutsPerStep = 8;

    /// <summary>PUTs whose mean counts: of S3's, which spread widely, enough that chance moves the bound little; few enough to follow a change in a second or two.</summary>
    private const int PutsKept = 32;

    /// <summary>A read of so few bytes is somebody's who looks something up: it does not wait behind all that was asked for ahead of a catch-up.</summary>
    private const long SmallReadBytes = 1 << 20;

    /// <summary>What such a read waits at most: nobody minds so little, and many of them are still held back.</summary>
    private static readonly TimeSpan SmallReadWait = TimeSpan.FromMilliseconds(100);

    private const double FirstBytesPerSecond = 128 << 20;

    /// <summary>However slow it makes producers: who reads history gets somewhere.</summary>
    private const double LeastBytesPerSecond = 32 << 20;

    /// <summary>Beyond, there is no bound: no node reads so fast from a store.</summary>
    private const double MostBytesPerSecond = 4e9;

    /// <summary>After so long beside reads it is measured anew what PUTs take without.</summary>
    private static readonly TimeSpan MeasureAfter = TimeSpan.FromSeconds(10);

    /// <summary>How long reads pause for that: those on their way come to their end, and then some PUTs.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>Without a PUT for so long there are no producers.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly TimeProvider _clock;
    private readonly BytePace _pace;
    private readonly MovingMean _alone = new(PutsKept);
    private readonly MovingMean _beside = new(PutsKept);
    private double _bytesPerSecond = FirstBytesPerSecond;
    private int _reading;
    private int _putsUntilStep = PutsPerStep;
    private long _lastReadEnded;
    private long? _lastPut;
    private long? _lastAlone;
    private long _pausedUntil;

    /// <param name="clock">For all times.</param>
    public HistoryPace(TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _clock = clock;
        _pace = new BytePace(() => BytesPerSecond, clock);
    }

    /// <summary>The bound now, in bytes per second; infinite: none.</summary>
    public double BytesPerSecond
    {
        get
        {
            lock (_lock)
            {
                return !HasProducers || _bytesPerSecond >= MostBytesPerSecond ? double.PositiveInfinity : _bytesPerSecond;
            }
        }
    }

    private bool HasProducers => _lastPut is { } last && _clock.GetElapsedTime(last) < Idle;

    /// <summary>Takes note of a PUT of the write-ahead log that ends now.</summary>
    /// <param name="began">When it began, a timestamp of the clock.</param>
    public void PutEnded(long began)
    {
        lock (_lock)
        {
            long now = _clock.GetTimestamp();
            double seconds = _clock.GetElapsedTime(began, now).TotalSeconds;
            _lastPut = now;
            bool isPaused = now <= _pausedUntil;
            bool isAlone = _reading == 0 && (isPaused ? _lastReadEnded <= began : _clock.GetElapsedTime(_lastReadEnded, began) > Idle);
            if (isAlone)
            {
                _alone.Add(seconds);
                _lastAlone = now;
            }
            else if (!isPaused)
            {
                StepBy(seconds);
            }
        }
    }

    // All PUTs of the time between pauses count, whether or not a read was under way: the longer one takes, the more likely it meets a read.
    private void StepBy(double seconds)
    {
        _beside.Add(seconds);
        if (--_putsUntilStep <= 0 && _alone.IsKnown)
        {
            _putsUntilStep = PutsPerStep;
            double next = _beside.Value > _alone.Value * Slower ? _bytesPerSecond / Step : _bytesPerSecond * Step;
            _bytesPerSecond = Math.Clamp(next, LeastBytesPerSecond, MostBytesPerSecond);
        }
    }

    /// <summary>Waits until so many bytes of history may be asked for; each wait that succeeds is ended by <see cref="ReadEnded"/>.</summary>
    public async ValueTask BeginReadAsync(long bytes, CancellationToken ct)
    {
        if (PauseNow() is { } pause)
        {
            await Task.Delay(pause, _clock, ct);
        }

        await _pace.WaitAsync(bytes, bytes <= SmallReadBytes ? SmallReadWait : TimeSpan.MaxValue, ct);
        lock (_lock)
        {
            _reading++;
        }
    }

    /// <summary>The bytes are here, or are given up.</summary>
    public void ReadEnded()
    {
        lock (_lock)
        {
            _reading--;
            _lastReadEnded = _clock.GetTimestamp();
        }
    }

    private TimeSpan? PauseNow()
    {
        lock (_lock)
        {
            long now = _clock.GetTimestamp();
            bool isDue = _lastAlone is not { } last || _clock.GetElapsedTime(last, now) > MeasureAfter;
            if (HasProducers && isDue)
            {
                // Until the next time, whether or not a PUT comes meanwhile.
                _lastAlone = now;
                _pausedUntil = now + (long)(Pause.TotalSeconds * _clock.TimestampFrequency);
            }

            return _pausedUntil > now ? _clock.GetElapsedTime(now, _pausedUntil) : null;
        }
    }

    /// <summary>The mean of the last values. Not thread-safe.</summary>
    private sealed class MovingMean(int kept)
    {
        private readonly double[] _values = new double[kept];
        private int _next;
        private int _count;

        internal bool IsKnown => _count >= PutsPerStep;

        internal double Value
        {
            get
            {
                double sum = 0;
                foreach (double value in _values.AsSpan(0, _count))
                {
                    sum += value;
                }

                return sum / _count;
            }
        }

        internal void Add(double value)
        {
            _values[_next] = value;
            _next = (_next + 1) % kept;
            _count = Math.Min(_count + 1, kept);
        }
    }
}
