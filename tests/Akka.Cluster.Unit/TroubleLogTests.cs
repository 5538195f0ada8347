using Akka.Event;

namespace Akka.Cluster.Unit;

/// <summary>One line for what others do again and again, and how often they did.</summary>
public sealed class TroubleLogTests
{
    private readonly Lines _lines = new();
    private readonly HandClock _clock = new();
    private readonly TroubleLog _troubles;

    public TroubleLogTests() => _troubles = new TroubleLog(_lines, _clock);

    [Fact]
    public void Same_trouble_of_the_same_origin_is_a_line_in_ten_seconds_that_tells_how_many_there_were()
    {
        Tell("a", times: 20_000);
        _clock.Advance(seconds: 9.9);
        Tell("a");
        Assert.Equal(["a is bad"], _lines.Taken());

        _clock.Advance(seconds: 0.1);
        Tell("a", times: 2);
        Assert.Equal(["a is bad (20000 more like this were not logged since the last line)"], _lines.Taken());

        _clock.Advance(seconds: 100);
        Tell("a");
        _clock.Advance(seconds: 100);
        Tell("a");
        Assert.Equal(["a is bad (1 more like this were not logged since the last line)", "a is bad"], _lines.Taken());
    }

    [Fact]
    public void Other_kinds_and_origins_have_lines_of_their_own()
    {
        Tell("a");
        Tell("b");
        _troubles.Tell(LogLevel.ErrorLevel, "another", "a", null, "{0} is worse", "a");

        Assert.Equal(["a is bad", "b is bad", "a is worse"], _lines.Taken());
    }

    [Fact]
    public void Ever_new_origins_are_a_bounded_number_of_lines_and_none_is_forgotten()
    {
        for (int i = 0; i < 10_000; i++)
        {
            Tell($"peer {i}");
        }

        Assert.Equal(TroubleLog.MaxOrigins + 1, _lines.Taken().Length);

        _clock.Advance(seconds: 10);
        Tell("new");
        Assert.Equal([$"new is bad ({10_000 - TroubleLog.MaxOrigins - 1} more like this, from others, were not logged)"], _lines.Taken());
    }

    [Fact]
    public void What_an_origin_did_that_does_not_come_again_is_told_with_another()
    {
        Tell("first", times: 8);
        for (int i = 1; i < TroubleLog.MaxOrigins; i++)
        {
            Tell($"peer {i}");
        }

        _clock.Advance(seconds: 10);
        _lines.Taken();
        Tell("new");

        Assert.Equal(["new is bad (7 more like this, from others, were not logged)"], _lines.Taken());
    }

    [Fact]
    public void Text_of_others_stays_a_short_part_of_one_line()
    {
        Tell("a\nb\r\u0085c");
        Tell(new string('x', 1_000_000));

        Assert.Equal(["a?b??c is bad", new string('x', 200) + "... is bad"], _lines.Taken());
    }

    [Fact]
    public void Each_one_is_told_at_debug()
    {
        _lines.Level = LogLevel.DebugLevel;

        Tell("a", times: 3);

        Assert.Equal(["a is bad", "a is bad", "a is bad"], _lines.Taken());
    }

    private void Tell(string origin, int times = 1)
    {
        for (int i = 0; i < times; i++)
        {
            _troubles.Tell(LogLevel.WarningLevel, "bad", origin, null, "{0} is bad", origin);
        }
    }

    private sealed class Lines() : LoggingAdapterBase(DefaultLogMessageFormatter.Instance)
    {
        private readonly List<string> _lines = [];

        public LogLevel Level { get; set; } = LogLevel.WarningLevel;

        public override bool IsDebugEnabled => Level <= LogLevel.DebugLevel;

        public override bool IsInfoEnabled => Level <= LogLevel.InfoLevel;

        public override bool IsWarningEnabled => true;

        public override bool IsErrorEnabled => true;

        public string[] Taken()
        {
            string[] taken = [.. _lines];
            _lines.Clear();
            return taken;
        }

        protected override void NotifyLog(LogLevel logLevel, object message, Exception? cause = null) => _lines.Add(message.ToString()!);
    }

    private sealed class HandClock : TimeProvider
    {
        private long _now;

        public void Advance(double seconds) => _now += TimeSpan.FromSeconds(seconds).Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;
    }
}
