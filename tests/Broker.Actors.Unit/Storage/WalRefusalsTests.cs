using Broker.Actors.Storage;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;
using Broker.ObjectStore.Wal;

namespace Broker.Actors.Unit.Storage;

/// <summary>A write-ahead log that refuses is told of once, however often it refuses and takes in between.</summary>
public sealed class WalRefusalsTests
{
    private static readonly Exception Full = new WalFullException("full");
    private static readonly Exception Failed = new StorageException(StorageErrorKind.Unavailable, "failed");
    private readonly TestClock _clock = new();
    private readonly ListLogger _log = new();
    private readonly WalRefusals _refusals;

    public WalRefusalsTests() => _refusals = new WalRefusals(_log, _clock);

    [Fact]
    public void Log_that_refuses_and_takes_in_turn_is_two_lines_with_all_that_was_refused()
    {
        for (int i = 0; i < 100; i++)
        {
            _refusals.Refused(Full, 2);
            _clock.Advance(TimeSpan.FromMilliseconds(250));
            _refusals.Accepted();
        }

        Assert.Contains("full", Assert.Single(_log.Lines), StringComparison.Ordinal);

        _clock.Advance(WalRefusals.OverAfter);
        _refusals.Accepted();
        _refusals.Accepted();

        Assert.Equal(2, _log.Lines.Count);
        Assert.Contains("it has refused 200", _log.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Refusals_after_it_was_over_are_told_anew_at_once()
    {
        _refusals.Refused(Full, 1);
        _clock.Advance(WalRefusals.OverAfter);
        _refusals.Accepted();
        _refusals.Refused(Full, 1);

        Assert.Equal(3, _log.Lines.Count);
    }

    [Fact]
    public void Another_cause_is_told_but_not_more_often_than_a_line_in_ten_seconds()
    {
        for (int i = 0; i < 40; i++)
        {
            _refusals.Refused(i % 2 == 0 ? Full : Failed, 1);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(4, _log.Lines.Count);
        Assert.Contains(_log.Lines, line => line.Contains("failed", StringComparison.Ordinal));
    }

    [Fact]
    public void Log_that_never_refused_says_nothing()
    {
        _refusals.Accepted();

        Assert.Empty(_log.Lines);
    }
}
