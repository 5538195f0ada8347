namespace Broker.Chaos.Histories;

/// <summary>The checker on histories that were made up: it finds each anomaly, and nothing where there is none.</summary>
public sealed class HistoryCheckerTests
{
    [Fact]
    public void Empty_history_is_clean() => Assert.True(new HistoryBuilder().Check().IsClean);

    [Fact]
    public void History_in_which_all_is_well_is_clean() => Assert.True(Clean().Check().IsClean);

    [Fact]
    public void Unknown_record_may_be_in_the_log_or_not() => Assert.True(
        new HistoryBuilder().Unknown(1, 0).Unknown(1, 1).Acknowledged(1, 2, 1).Read((0, 1, 1), (1, 1, 2)).Check().IsClean);

    [Fact]
    public void Acknowledgement_without_an_offset_is_one() => Assert.Equal(
        [AnomalyKind.LostWrite], Kinds(new HistoryBuilder().Acknowledged(1, 0, -1).Read()));

    [Fact]
    public void Acknowledged_record_that_is_not_in_the_final_read_is_lost() => Assert.Equal(
        [AnomalyKind.LostWrite], Kinds(new HistoryBuilder().Acknowledged(1, 0, 0).Acknowledged(1, 1, 1).Read((0, 1, 0))));

    [Fact]
    public void Partition_that_was_not_read_has_lost_everything() => Assert.Equal(
        [AnomalyKind.LostWrite], Kinds(new HistoryBuilder().Acknowledged(1, 0, 0, partition: 3)));

    [Fact]
    public void Lost_record_that_was_acknowledged_after_a_later_leader_had_done_so_is_a_stale_leaders() => Assert.Equal(
        [AnomalyKind.StaleLeader],
        Kinds(new HistoryBuilder().Acknowledged(1, 0, 0, 10, leader: 2, epoch: 5).Acknowledged(2, 0, 1, 20, leader: 1, epoch: 4).Read((0, 1, 0))));

    [Fact]
    public void Lost_record_that_was_acknowledged_before_the_later_leader_came_is_a_lost_write() => Assert.Equal(
        [AnomalyKind.LostWrite],
        Kinds(new HistoryBuilder().Acknowledged(1, 0, 1, 20, leader: 2, epoch: 5).Acknowledged(2, 0, 0, 10, leader: 1, epoch: 4).Read((1, 1, 0))));

    [Fact]
    public void Record_that_stands_twice_is_a_duplicate() => Assert.Equal(
        [AnomalyKind.Duplicate], Kinds(new HistoryBuilder().Acknowledged(1, 0, 0).Read((0, 1, 0), (1, 1, 0))));

    [Fact]
    public void Unknown_record_that_stands_twice_is_a_duplicate() => Assert.Equal(
        [AnomalyKind.Duplicate], Kinds(new HistoryBuilder().Unknown(1, 0).Polled(1, (0, 1, 0), (1, 1, 0)).Read((0, 1, 0), (1, 1, 0))));

    [Fact]
    public void Records_that_stand_in_another_order_than_they_were_sent_are_reordered() => Assert.Equal(
        [AnomalyKind.Reordering], Kinds(new HistoryBuilder().Unknown(1, 0).Unknown(1, 1).Read((0, 1, 1), (1, 1, 0))));

    [Fact]
    public void Offset_that_an_acknowledgement_and_the_log_fill_differently_is_inconsistent() => Assert.Contains(
        AnomalyKind.InconsistentOffset,
        Kinds(new HistoryBuilder().Acknowledged(1, 0, 0).Acknowledged(2, 0, 0).Read((0, 1, 0), (1, 2, 0))));

    [Fact]
    public void Offset_that_two_acknowledgements_fill_differently_is_inconsistent() => Assert.Contains(
        AnomalyKind.InconsistentOffset, Kinds(new HistoryBuilder().Acknowledged(1, 0, 7).Acknowledged(2, 0, 7).Read()));

    [Fact]
    public void Offset_that_two_consumers_saw_filled_differently_is_inconsistent() => Assert.Contains(
        AnomalyKind.InconsistentOffset, Kinds(new HistoryBuilder().Unknown(1, 0).Unknown(1, 1).Polled(1, (5, 1, 0)).Polled(2, (5, 1, 1)).Read()));

    [Fact]
    public void Record_that_was_acknowledged_elsewhere_than_it_stands_is_inconsistent() => Assert.Equal(
        [AnomalyKind.InconsistentOffset], Kinds(new HistoryBuilder().Acknowledged(1, 0, 4).Read((0, 1, 0))));

    [Fact]
    public void Acknowledged_offsets_that_go_down_are_a_nonmonotonic_send() => Assert.Contains(
        AnomalyKind.NonmonotonicSend, Kinds(new HistoryBuilder().Acknowledged(1, 0, 1).Acknowledged(1, 1, 0).Read((0, 1, 1), (1, 1, 0))));

    [Fact]
    public void Consumer_that_goes_back_without_a_seek_polls_nonmonotonically() => Assert.Equal(
        [AnomalyKind.NonmonotonicPoll], Kinds(Clean().Polled(1, (1, 2, 0), (2, 1, 1))));

    [Fact]
    public void Consumer_that_gets_an_offset_twice_polls_nonmonotonically() => Assert.Equal(
        [AnomalyKind.NonmonotonicPoll], Kinds(Clean().Polled(9, (0, 1, 0), (0, 1, 0))));

    [Fact]
    public void Consumer_that_sought_may_go_back_and_forth() => Assert.True(Clean().Polled(1, 1, (0, 1, 0)).Polled(1, 2, (2, 1, 1)).Check().IsClean);

    [Fact]
    public void Consumer_that_is_led_past_a_record_has_a_gap() => Assert.Equal(
        [AnomalyKind.Gap], Kinds(Clean().Polled(9, (0, 1, 0)).Polled(9, (2, 1, 1))));

    [Fact]
    public void Offsets_at_which_nothing_stands_are_no_gap() => Assert.True(
        new HistoryBuilder().Acknowledged(1, 0, 0).Acknowledged(1, 1, 5).Polled(1, (0, 1, 0), (5, 1, 1)).Read((0, 1, 0), (5, 1, 1)).Check().IsClean);

    [Fact]
    public void Acknowledged_record_that_no_consumer_got_is_unseen() => Assert.Equal(
        [AnomalyKind.Unseen], Kinds(new HistoryBuilder().Acknowledged(1, 0, 0).Acknowledged(1, 1, 1).Polled(1, (0, 1, 0)).Read((0, 1, 0), (1, 1, 1))));

    [Fact]
    public void Record_that_a_consumer_got_and_that_does_not_stay_has_vanished() => Assert.Equal(
        [AnomalyKind.Vanished], Kinds(new HistoryBuilder().Unknown(1, 0).Polled(1, (0, 1, 0)).Polled(2, (0, 1, 0)).Read()));

    [Fact]
    public void Record_that_nobody_sent_is_found_in_the_log_and_in_polls()
    {
        Assert.Equal([AnomalyKind.NobodySent], Kinds(new HistoryBuilder().Read((0, 7, 7))));
        Assert.Equal([AnomalyKind.NobodySent], Kinds(new HistoryBuilder().Polled(1, (0, 7, 7)).Read()));
    }

    [Fact]
    public void Record_that_was_sent_to_another_partition_was_not_sent_there() => Assert.Contains(
        AnomalyKind.NobodySent, Kinds(new HistoryBuilder().Acknowledged(1, 0, 0, partition: 1).Read((0, 1, 0))));

    [Fact]
    public void Record_that_was_refused_must_not_be_in_the_log() => Assert.Equal(
        [AnomalyKind.RefusedAndStored], Kinds(new HistoryBuilder().Refused(1, 0).Read((0, 1, 0))));

    [Fact]
    public void Verdict_counts_all_and_shows_some_with_their_evidence()
    {
        HistoryBuilder history = new();
        for (int i = 0; i < 50; i++)
        {
            history.Acknowledged(1, i, i);
        }

        Verdict verdict = history.Read().Check();

        Assert.Equal(50, verdict.Counts[AnomalyKind.LostWrite]);
        Assert.Equal(HistoryChecker.MaxOfOneKind, verdict.Anomalies.Count);
        Assert.Equal("LostWrite in partition 0: 1:0 was acknowledged at 00:00:00 with offset 0 by node 1 in epoch 0", verdict.Anomalies[0].ToString());
    }

    [Fact]
    public void Id_is_read_from_what_it_was_written_as_with_filling_behind_it()
    {
        Assert.Equal(new RecordId(3, 17), RecordId.Parse("3:17"));
        Assert.Equal(new RecordId(3, 17), RecordId.Parse("3:17:xxx"));
        Assert.Equal(RecordId.None, RecordId.Parse("3"));
        Assert.Equal(RecordId.None, RecordId.Parse("a:b"));
    }

    [Fact]
    public void Member_that_begins_before_what_it_had_committed_has_lost_a_commit() => Assert.Equal(
        [AnomalyKind.LostCommit],
        Kinds(Three().Polled(1, 0, (0, 1, 0), (1, 1, 1)).Committed(1, 0, 2).Polled(1, 1, (1, 1, 1), (2, 1, 2))));

    [Fact]
    public void Member_may_begin_where_it_had_committed_and_before_what_it_hears_of_later_or_another_group_has_committed() => Assert.Empty(
        Kinds(Three().Polled(1, 0, (0, 1, 0), (1, 1, 1)).Committed(1, 0, 1).Committed(1, 1, 2).Committed(2, 0, 3).Polled(1, 1, (1, 1, 1), (2, 1, 2))));

    [Fact]
    public void Member_that_begins_past_a_record_that_it_has_not_got_skips_it() => Assert.Equal(
        [AnomalyKind.Gap],
        Kinds(Three().Polled(1, 0, (0, 1, 0)).Committed(1, 0, 1).Polled(1, 1, (2, 1, 2)).Polled(2, 0, (0, 1, 0), (1, 1, 1), (2, 1, 2))));

    [Fact]
    public void Record_that_only_the_last_reader_got_is_unseen() => Assert.Equal(
        [AnomalyKind.Unseen],
        Kinds(Three().Polled(1, 0, (0, 1, 0), (1, 1, 1)).Polled(History.WholeReader, 0, (0, 1, 0), (1, 1, 1), (2, 1, 2))));

    private static HistoryBuilder Three() => new HistoryBuilder().Acknowledged(1, 0, 0).Acknowledged(1, 1, 1).Acknowledged(1, 2, 2).Read((0, 1, 0), (1, 1, 1), (2, 1, 2));

    private static HistoryBuilder Clean() => new HistoryBuilder()
        .Acknowledged(1, 0, 0).Acknowledged(2, 0, 1).Acknowledged(1, 1, 2).Refused(2, 1).Unknown(2, 2)
        .Polled(1, (0, 1, 0), (1, 2, 0)).Polled(1, (2, 1, 1)).Polled(2, (0, 1, 0))
        .Read((0, 1, 0), (1, 2, 0), (2, 1, 1));

    private static IEnumerable<AnomalyKind> Kinds(HistoryBuilder history) => history.Check().Counts.Keys;
}
