using Broker.Simulation.Model;

namespace Broker.Simulation;

/// <summary>What the model says of a compacted log that was read: L8 to L10.</summary>
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

    [Fact]
    public void Key_with_two_records_is_named()
    {
        CompactedLog log = new("topic-0", OneKey, new Dictionary<long, KnownRecord> { [0] = new(new RecordId(0, 0), 0, false), [1] = new(new RecordId(0, 1), 0, false) });

        Assert.Equal(0, log.KeyThatIsThereTwice([0, 1]));
        Assert.Null(log.KeyThatIsThereTwice([1]));
    }
}
