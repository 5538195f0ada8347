using Broker.Chaos.Faults;
using Broker.Chaos.Histories;

namespace Broker.Chaos.Runs;

/// <summary>Numbers of a run, and what it is told.</summary>
public sealed class ReportTests
{
    [Theory]
    [InlineData(0, 5, 1)]
    [InlineData(11, 12, 10)]
    [InlineData(9, 30, 10)]
    [InlineData(25, 30, 0)]
    public void Longest_gap_is_that_of_which_some_lies_in_the_window(int begin, int end, int expected) => Assert.Equal(
        TimeSpan.FromSeconds(expected),
        Report.LongestGap([.. new[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 21 }.Select(s => TimeSpan.FromSeconds(s))], new FaultWindow(FaultKind.Stop, TimeSpan.FromSeconds(begin), TimeSpan.FromSeconds(end), TimeSpan.Zero)));

    [Theory]
    [InlineData(5, 0)]
    [InlineData(4.9, 1)]
    public void Gap_is_too_long_beyond_its_bound(double bound, int expected)
    {
        HistoryBuilder builder = new();
        for (int i = 0; i < 5; i++)
        {
            builder.Acknowledged(1, i, i, i < 2 ? i * 1000 : (i + 4) * 1000);
        }

        Assert.Equal(expected, Report.TooLong(builder.Build(), [new FaultWindow(FaultKind.Stop, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(bound))]).Count());
    }

    [Fact]
    public void Bounds_of_two_faults_at_a_time_add_up()
    {
        PlannedFault slow = new(FaultKind.StoreSlow, [1], TimeSpan.FromSeconds(7), TimeSpan.Zero, 1, TimeSpan.Zero);

        Assert.Equal(GapBound.Of([slow]) * 2, GapBound.Of([slow, slow]));
        Assert.Equal(GapBound.Of([slow]) + slow.Length, GapBound.Of([slow with { Kind = FaultKind.StoreDown }]));
        Assert.Equal(GapBound.Of([slow]), GapBound.Of([slow], isWhole: false));
        PlannedFault kill = slow with { Kind = FaultKind.KillOne };
        Assert.True(GapBound.Of([kill], isWhole: false) > GapBound.Of([kill]));
    }

    [Theory]
    [InlineData("90s", 90)]
    [InlineData("90", 90)]
    [InlineData("10m", 600)]
    [InlineData("1.5h", 5400)]
    public void Duration_is_read_with_its_unit(string text, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), ChaosOptions.Parse(["--duration", text]).Duration);

    [Fact]
    public void Word_that_is_not_known_is_refused() => Assert.Throws<FormatException>(() => ChaosOptions.Parse(["--sede", "1"]));
}
