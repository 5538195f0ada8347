using Broker.Simulation.Model;

namespace Broker.Simulation;

/// <summary>What the model says of a compacted log that was read: L8 to L10, L12.</summary>
public sealed class CompactedLogTests
{
    private const long DeleteRetentionMs = 1000;
    private const long LongAfterMs = 5000;

    // One key: of all records the last counts.
    private static readonly TopicRules OneKey = new(IsDeleted: false, IsCompacted: true, -1, DeleteRetentionMs, IsCleanedAtOnce: true, Keys: 1);

    [Theory]
    [InlineData(new long[] { 1 }, true, false, null)]
    [InlineData(new long[] { 0, 1 }, true, false, null)]
    [InlineData(new long[] { 0 }, true, false, "L8")]
    [InlineData(new long[0], true, false, "L8")]
    [InlineData(new long[0], true, true, null)]
    [InlineData(new long[] { 0 }, true, true, "L9")]
    [InlineData(new long[0], false, true, "L8")]
    [InlineData(new long[] { 1 }, false, true, null)]
    public void Log_is_judged_by_the_last_record_of_each_key(long[] offsets, bool isLate, bool endsWithTombstone, string? promise)
    {
        CompactedLog log = new("topic-0", OneKey, new Dictionary<long, KnownRecord> { [0] = new(new RecordId(0, 0), 0, false), [1] = new(new RecordId(0, 1), 0, endsWithTombstone) });

        Exception? violation = Xunit.Record.Exception(() => log.Check(offsets, start: 0, nowMs: isLate ? LongAfterMs : DeleteRetentionMs - 1));

        Assert.Equal(promise, violation?.Message.Split(':')[0]);
    }

    // Of two values, the second at offset 1, and a tombstone at 2.
    [Theory]
    [InlineData(false, 0, true)]
    [InlineData(false, DeleteRetentionMs, false)]
    [InlineData(true, 0, false)]
    public void Reader_meets_the_tombstone_of_what_it_saw_a_moment_ago(bool isShown, long laterMs, bool isViolation)
    {
        TopicRules rules = OneKey with { DeleteRetentionMs = 10 * DeleteRetentionMs };
        Dictionary<long, KnownRecord> known = Enumerable.Range(0, 3).ToDictionary(i => (long)i, i => new KnownRecord(new RecordId(0, i), 0, i == 2));
        FetchedRecord[] records = [.. known.Select(one => new FetchedRecord(one.Key, one.Value.Id, 0, 0, one.Value.IsTombstone))];
        SeenKeys seen = new("topic-0", rules, known);
        seen.Passed(0, 2, records[..2], nowMs: 0);

        Exception? violation = Xunit.Record.Exception(() => seen.Passed(2, 3, isShown ? records[2..] : [], laterMs * 10));

        Assert.Equal(isViolation, violation is ViolationException { Message: ['L', '1', '2', ..] });
    }

    [Fact]
    public void Key_with_two_records_is_named()
    {
        CompactedLog log = new("topic-0", OneKey, new Dictionary<long, KnownRecord> { [0] = new(new RecordId(0, 0), 0, false), [1] = new(new RecordId(0, 1), 0, false) });

        Assert.Equal(0, log.KeyThatIsThereTwice([0, 1]));
        Assert.Null(log.KeyThatIsThereTwice([1]));
    }
}
