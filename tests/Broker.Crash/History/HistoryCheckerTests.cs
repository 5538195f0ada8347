namespace Broker.Crash.History;

/// <summary>The checker finds each kind of damage in histories made for it, and nothing in good ones.</summary>
public sealed class HistoryCheckerTests
{
    [Fact]
    public void Checker_accepts_a_good_history() => Assert.Empty(HistoryChecker.Check(Good()));

    [Fact]
    public void Checker_accepts_an_unacknowledged_record_that_is_stored_and_one_that_is_not()
    {
        RunHistory history = Good();
        ProducerHistory producer = history.Producers[0] with
        {
            Sent = 8,
            Acknowledged = history.Producers[0].Acknowledged.Where(pair => pair.Key != 5).ToDictionary(),
        };

        Assert.Empty(HistoryChecker.Check(history with { Producers = [producer] }));
    }

    [Fact]
    public void Checker_finds_a_lost_record_at_the_end_of_a_partition()
    {
        RunHistory history = WithPartition(Good(), 1, [(0, 1), (1, 3)], high: 2);

        AssertViolates(history, "rule 1");
    }

    [Fact]
    public void Checker_finds_a_lost_record_in_the_middle()
    {
        RunHistory history = WithPartition(Good(), 1, [(0, 1), (2, 5)], high: 3);

        AssertViolates(history, "rule 1", "rule 4");
    }

    [Fact]
    public void Checker_finds_a_record_at_another_offset_than_acknowledged()
    {
        RunHistory history = WithPartition(Good(), 1, [(0, 1), (1, 5), (2, 3)], high: 3);

        AssertViolates(history, "rule 1", "rule 3");
    }

    [Fact]
    public void Checker_finds_a_duplicate()
    {
        RunHistory history = WithPartition(Good(), 1, [(0, 1), (1, 3), (2, 5), (3, 5)], high: 4);

        AssertViolates(history, "rule 2");
    }

    [Fact]
    public void Checker_finds_a_duplicate_of_an_unacknowledged_record()
    {
        RunHistory history = WithPartition(Good(), 1, [(0, 1), (1, 3), (2, 5), (3, 7), (4, 7)], high: 5);
        history = history with { Producers = [history.Producers[0] with { Sent = 8 }] };

        AssertViolates(history, "rule 2");
    }

    [Fact]
    public void Checker_finds_unacknowledged_records_out_of_order()
    {
        RunHistory history = WithPartition(Good(), 1, [(0, 1), (1, 3), (2, 5), (3, 9), (4, 7)], high: 5);
        history = history with { Producers = [history.Producers[0] with { Sent = 10 }] };

        AssertViolates(history, "rule 3");
    }

    [Fact]
    public void Checker_finds_an_end_offset_beyond_the_last_record() =>
        AssertViolates(WithPartition(Good(), 1, [(0, 1), (1, 3), (2, 5)], high: 4), "rule 4");

    [Fact]
    public void Checker_finds_an_offset_served_twice() =>
        AssertViolates(WithPartition(Good(), 1, [(0, 1), (1, 3), (1, 3), (2, 5)], high: 3), "rule 2", "rule 4");

    [Fact]
    public void Checker_finds_a_record_that_nobody_sent() =>
        AssertViolates(WithPartition(Good(), 1, [(0, 1), (1, 3), (2, 5), (3, 7)], high: 4), "rule 5");

    [Fact]
    public void Checker_finds_a_record_in_the_wrong_partition()
    {
        RunHistory history = WithPartition(Good(), 1, [(0, 1), (1, 3), (2, 5), (3, 6)], high: 4);
        history = history with { Producers = [history.Producers[0] with { Sent = 7 }] };

        AssertViolates(history, "rule 5");
    }

    [Fact]
    public void Checker_finds_a_record_that_was_readable_and_is_gone()
    {
        RunHistory history = Good() with { Seen = [(new Position(1, 3), new RecordId(0, 7))] };

        AssertViolates(history, "rule 6");
    }

    [Fact]
    public void Checker_finds_another_record_where_one_was_read()
    {
        RunHistory history = Good() with { Seen = [(new Position(1, 2), new RecordId(0, 7))] };

        AssertViolates(history, "rule 6");
    }

    [Fact]
    public void Checker_finds_a_committed_offset_that_went_back()
    {
        RunHistory history = Good() with
        {
            Commits =
            [
                new(CommitStep.Attempted, 0, 2), new(CommitStep.Acknowledged, 0, 2), new(CommitStep.Fetched, 0, 1),
            ],
        };

        AssertViolates(history, "rule 7");
    }

    [Fact]
    public void Checker_finds_a_committed_offset_that_nobody_committed()
    {
        RunHistory history = Good() with
        {
            Commits = [new(CommitStep.Attempted, 0, 2), new(CommitStep.Fetched, 0, 3)],
        };

        AssertViolates(history, "rule 7");
    }

    [Fact]
    public void Checker_accepts_that_an_unacknowledged_commit_took_effect_or_not()
    {
        CommitEvent[] before = [new(CommitStep.Attempted, 0, 1), new(CommitStep.Acknowledged, 0, 1)];
        RunHistory effective = Good() with
        {
            Commits = [.. before, new(CommitStep.Attempted, 0, 3), new(CommitStep.Fetched, 0, 3)],
        };
        RunHistory lost = Good() with
        {
            Commits = [.. before, new(CommitStep.Attempted, 0, 3), new(CommitStep.Fetched, 0, 1)],
        };

        Assert.Empty(HistoryChecker.Check(effective));
        Assert.Empty(HistoryChecker.Check(lost));
    }

    [Fact]
    public void Journals_are_read_into_the_history_they_tell()
    {
        ProducerHistory producer = Journal.Producer(4, ["ack 0 0 10", "fail 1 _MSG_TIMED_OUT", "ack 2 0 11", "end 3"]);
        (List<(Position Position, RecordId Id)> seen, List<CommitEvent> commits) = Journal.Committer(
            ["seen 0 10 4 0", "attempt 0 11", "commit 0 11", "fetched 0 11", "end 0"]);
        Dictionary<int, StoredPartition> stored = Journal.Stored(["range 0 0 1", "range 1 0 0", "record 0 0 4 0"]);

        Assert.Equal(3, producer.Sent);
        Assert.Equal(new Position(0, 11), producer.Acknowledged[2]);
        Assert.Equal(2, producer.Acknowledged.Count);
        Assert.Equal((new Position(0, 10), new RecordId(4, 0)), Assert.Single(seen));
        Assert.Equal(
            [CommitStep.Attempted, CommitStep.Acknowledged, CommitStep.Fetched], commits.Select(commit => commit.Step));
        Assert.Equal((0L, new RecordId(4, 0)), Assert.Single(stored[0].Records));
        Assert.Throws<FormatException>(() => Journal.Producer(4, ["ack 0 0 10"]));
    }

    /// <summary>Producer 0 sent six records to two partitions; all are acknowledged and stored.</summary>
    private static RunHistory Good()
    {
        Dictionary<long, Position> acknowledged =
            Enumerable.Range(0, 6).ToDictionary(i => (long)i, i => new Position(i % 2, i / 2));
        RunHistory empty = new(2, [new ProducerHistory(0, 6, acknowledged)], [], [], new Dictionary<int, StoredPartition>());
        return WithPartition(WithPartition(empty, 0, [(0, 0), (1, 2), (2, 4)], high: 3), 1, [(0, 1), (1, 3), (2, 5)], high: 3);
    }

    private static RunHistory WithPartition(
        RunHistory history, int partition, (long Offset, long Sequence)[] records, long high)
    {
        Dictionary<int, StoredPartition> stored = history.Stored.ToDictionary();
        stored[partition] = new StoredPartition(
            0, high, [.. records.Select(record => (record.Offset, new RecordId(0, record.Sequence)))]);
        return history with { Stored = stored };
    }

    /// <summary>Exactly these rules are named, each at least once.</summary>
    private static void AssertViolates(RunHistory history, params string[] rules)
    {
        IReadOnlyList<string> violations = HistoryChecker.Check(history);
        Assert.Equal(rules, violations.Select(violation => violation.Split(':')[0]).Distinct().Order());
    }
}
