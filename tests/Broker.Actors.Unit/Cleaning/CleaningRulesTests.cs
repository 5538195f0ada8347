using Broker.Actors.Cleaning;
using Broker.Actors.Unit.Fakes;
using Broker.ObjectStore;

namespace Broker.Actors.Unit.Cleaning;

/// <summary>When a log is cleaned, up to where, and which one first.</summary>
public sealed class CleaningRulesTests
{
    private const long NowMs = 1_000_000;

    [Theory]
    [InlineData("delete", false)]
    [InlineData("", false)]
    [InlineData("compact", true)]
    [InlineData("delete, compact", true)]
    public void Only_compacted_topics_are_cleaned(string policy, bool expected) =>
        Assert.Equal(expected, CleaningRules.Due(Stream(0, [Range(0, 10, 100)], ("cleanup.policy", policy)), NowMs) is not null);

    [Theory]
    [InlineData(0, null)]
    [InlineData(100, null)]
    [InlineData(101, 0.502)]
    [InlineData(300, 0.75)]
    public void Log_is_cleaned_when_more_of_it_is_dirty_than_it_may_be(long dirtyBytes, double? ratio)
    {
        DueCleaning? due = CleaningRules.Due(Stream(10, [Range(0, 10, 100), .. dirtyBytes > 0 ? [Range(10, 20, dirtyBytes)] : Array.Empty<CleanableRange>()]), NowMs);

        Assert.Equal(ratio, due is null ? null : Math.Round(due.DirtyRatio, 3));
        Assert.Equal(due is null ? null : new DueCleaning(new StreamId(1), Offset.Zero, new Offset(10), new Offset(20), due.DirtyRatio, IsOverdue: false), due);
    }

    [Fact]
    public void Range_that_is_clean_in_part_counts_by_its_offsets() =>
        Assert.Equal(0.75, CleaningRules.Due(Stream(25, [Range(0, 100, 1000)]), NowMs)!.DirtyRatio);

    [Fact]
    public void What_retention_took_does_not_count_and_is_not_cleaned()
    {
        CleanableStream trimmed = Stream(5, [Range(0, 20, 200), Range(20, 30, 100)]) with { Start = new Offset(10) };

        DueCleaning due = CleaningRules.Due(trimmed, NowMs)!;

        Assert.Equal((new Offset(10), new Offset(10), new Offset(30), 1.0), (due.Start, due.DirtyStart, due.End, due.DirtyRatio));
    }

    [Fact]
    public void Young_range_and_what_follows_it_wait()
    {
        CleanableRange[] ranges = [Range(0, 10, 100, NowMs - 51), Range(10, 20, 100, NowMs - 50), Range(20, 30, 100, NowMs - 49), Range(30, 40, 100, NowMs - 99)];

        Assert.Equal(new Offset(20), CleaningRules.Due(Stream(0, ranges, ("min.compaction.lag.ms", "50")), NowMs)!.End);
        Assert.Null(CleaningRules.Due(Stream(20, ranges, ("min.compaction.lag.ms", "50")), NowMs));
        Assert.Equal(new Offset(40), CleaningRules.Due(Stream(0, ranges), NowMs)!.End);
    }

    [Fact]
    public void Clean_range_that_is_young_keeps_nothing_from_being_cleaned() =>
        Assert.Equal(new Offset(20), CleaningRules.Due(Stream(10, [Range(0, 10, 1, NowMs), Range(10, 20, 100, NowMs - 99)], ("min.compaction.lag.ms", "50")), NowMs)!.End);

    [Theory]
    [InlineData(NowMs - 50, false)]
    [InlineData(NowMs - 51, true)]
    public void Record_that_has_waited_too_long_is_cleaned_whatever_the_ratio(long newestMs, bool isOverdue)
    {
        DueCleaning? due = CleaningRules.Due(Stream(10, [Range(0, 10, 1000), Range(10, 20, 1, newestMs)], ("max.compaction.lag.ms", "50")), NowMs);

        Assert.Equal(isOverdue, due?.IsOverdue ?? false);
    }

    [Fact]
    public void Overdue_logs_come_first_then_the_dirtiest()
    {
        CleanableStream clean = Stream(10, [Range(0, 10, 100), Range(10, 20, 1)]) with { Stream = new StreamId(1) };
        CleanableStream dirty = Stream(10, [Range(0, 10, 100), Range(10, 20, 200)]) with { Stream = new StreamId(2) };
        CleanableStream dirtiest = Stream(0, [Range(0, 10, 100)]) with { Stream = new StreamId(3) };
        CleanableStream overdue = Stream(10, [Range(0, 10, 100), Range(10, 20, 1, NowMs - 500)], ("max.compaction.lag.ms", "499")) with { Stream = new StreamId(4) };

        Assert.Equal([4, 3, 2], CleaningRules.InOrder([clean, dirty, dirtiest, overdue], NowMs).Select(due => due.Stream.Value));
    }

    [Fact]
    public void Empty_log_is_clean() => Assert.Null(CleaningRules.Due(Stream(0, []), NowMs));

    private static CleanableStream Stream(long cleanedEnd, CleanableRange[] ranges, params (string Name, string Value)[] configs) => new(
        new StreamId(1), Offset.Zero, new Offset(cleanedEnd), ranges, TestOptions.Topic(configs.Any(one => one.Name == "cleanup.policy") ? configs : [("cleanup.policy", "compact"), .. configs]));

    private static CleanableRange Range(long baseOffset, long endOffset, long sizeBytes, long newestMs = NowMs - 1000) =>
        new(new Offset(baseOffset), new Offset(endOffset), sizeBytes, newestMs);
}
