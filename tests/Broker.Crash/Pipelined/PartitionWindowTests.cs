using Broker.Crash.History;
using Broker.Wire;

namespace Broker.Crash.Pipelined;

/// <summary>The producer keeps to KIP-98, and what it journals lets the checker find damage.</summary>
public sealed class PartitionWindowTests
{
    private const int RecordsPerBatch = 2;

    [Fact]
    public void Window_takes_five_batches_with_sequences_that_follow_each_other()
    {
        PartitionWindow window = new(partition: 1, partitions: 3);

        List<SequencedBatch> sent = SendAll(window);

        Assert.Equal([0, 2, 4, 6, 8], sent.Select(batch => batch.BaseSequence));
        Assert.Equal([1L, 4L], sent[0].RecordNumbers);
        Assert.Equal([7L, 10L], sent[1].RecordNumbers);
        Assert.False(window.CanSend);
    }

    [Fact]
    public void Window_sends_all_unacknowledged_batches_again_as_they_were_after_a_broken_connection()
    {
        PartitionWindow window = new(partition: 0, partitions: 1);
        List<SequencedBatch> sent = SendAll(window);
        window.Answer(ErrorCode.None, baseOffset: 40);

        window.Disconnected();
        List<SequencedBatch> again = SendAll(window);

        Assert.Equal(sent.Skip(1), again.Take(4));
        Assert.Equal([true, true, true, true, false], again.Select(batch => batch.IsRepeated));
        Assert.Equal(new Position(0, 41), window.Acknowledged[1]);
        Assert.Equal(2, window.Acknowledged.Count);
    }

    [Fact]
    public void Window_waits_for_all_answers_before_it_sends_again_what_was_refused()
    {
        PartitionWindow window = new(partition: 0, partitions: 1);
        List<SequencedBatch> sent = SendAll(window);

        window.Answer(ErrorCode.NotLeaderOrFollower, -1);
        for (int i = 1; i < PartitionWindow.MaxInFlight; i++)
        {
            Assert.False(window.CanSend);
            window.Answer(ErrorCode.OutOfOrderSequenceNumber, -1);
        }

        Assert.Equal(sent, SendAll(window));
    }

    [Fact]
    public void Window_takes_out_of_order_for_a_violation_when_all_before_it_is_acknowledged()
    {
        PartitionWindow window = new(partition: 0, partitions: 1);
        SendAll(window);
        window.Answer(ErrorCode.None, 0);
        window.Disconnected();
        SendAll(window);

        Assert.Throws<ProtocolViolationException>(() => window.Answer(ErrorCode.OutOfOrderSequenceNumber, -1));
    }

    [Fact]
    public void Window_takes_an_acknowledgement_behind_a_refused_batch_for_a_violation()
    {
        PartitionWindow window = new(partition: 0, partitions: 1);
        SendAll(window);
        window.Answer(ErrorCode.NotLeaderOrFollower, -1);

        Assert.Throws<ProtocolViolationException>(() => window.Answer(ErrorCode.None, 0));
    }

    [Fact]
    public void Checker_accepts_what_the_window_journals_when_repeated_batches_are_answered_with_their_first_offsets() =>
        Assert.Empty(HistoryChecker.Check(InterruptedRun(appendsRepeated: false)));

    [Fact]
    public void Checker_finds_repeated_batches_that_were_appended_again() =>
        Assert.Contains(
            HistoryChecker.Check(InterruptedRun(appendsRepeated: true)),
            violation => violation.StartsWith("rule 2", StringComparison.Ordinal));

    /// <summary>Five batches are stored, the answers are lost, and all are sent again.</summary>
    private static RunHistory InterruptedRun(bool appendsRepeated)
    {
        PartitionWindow window = new(partition: 0, partitions: 1);
        List<(long Offset, RecordId Id)> log = [];
        Append(log, SendAll(window));
        window.Disconnected();

        List<SequencedBatch> again = SendAll(window);
        long firstOffset = appendsRepeated ? log.Count : 0;
        if (appendsRepeated)
        {
            Append(log, again);
        }

        for (int i = 0; i < again.Count; i++)
        {
            window.Answer(ErrorCode.None, firstOffset + (i * RecordsPerBatch));
        }

        ProducerHistory producer = new(0, window.NextRecord, window.Acknowledged);
        return new RunHistory(
            1, [producer], [], [], new Dictionary<int, StoredPartition> { [0] = new StoredPartition(0, log.Count, log) });
    }

    private static void Append(List<(long Offset, RecordId Id)> log, List<SequencedBatch> batches)
    {
        foreach (long number in batches.SelectMany(batch => batch.RecordNumbers))
        {
            log.Add((log.Count, new RecordId(0, number)));
        }
    }

    private static List<SequencedBatch> SendAll(PartitionWindow window)
    {
        List<SequencedBatch> sent = [];
        while (window.CanSend)
        {
            sent.Add(window.Send(Create(window))!);
        }

        return sent;
    }

    private static Func<long, int, SequencedBatch> Create(PartitionWindow window)
    {
        // Records of a partition are as far apart as there are partitions.
        int stride = window.Partition == 1 ? 3 : 1;
        return (firstRecord, baseSequence) => SequencedBatch.Build(
            new ProducerIdentity(0, 7, 0), firstRecord, stride, baseSequence, RecordsPerBatch, fillingBytes: 1, timestampMs: 0);
    }
}
