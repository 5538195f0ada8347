namespace Broker.Chaos.Histories;

/// <summary>Histories made up for tests, line by line. Times are in milliseconds.</summary>
internal sealed class HistoryBuilder
{
    public List<Send> Sends { get; } = [];

    public List<Poll> Polls { get; } = [];

    public List<Commit> Commits { get; } = [];

    public Dictionary<int, IReadOnlyList<Seen>> Final { get; } = [];

    public HistoryBuilder Acknowledged(int producer, long number, long offset, int atMs = 0, int leader = 1, int epoch = 0, int partition = 0) =>
        Sent(producer, number, SendOutcome.Acknowledged, offset, atMs, leader, epoch, partition);

    public HistoryBuilder Unknown(int producer, long number, int partition = 0) => Sent(producer, number, SendOutcome.Unknown, -1, 0, -1, -1, partition);

    public HistoryBuilder Refused(int producer, long number, int partition = 0) => Sent(producer, number, SendOutcome.Refused, -1, 0, -1, -1, partition);

    /// <summary>A fetch; each record is <c>(offset, producer, number)</c>.</summary>
    public HistoryBuilder Polled(int consumer, params (long Offset, int Producer, long Number)[] records) => Polled(consumer, 0, records);

    public HistoryBuilder Polled(int consumer, int session, params (long Offset, int Producer, long Number)[] records)
    {
        Polls.Add(new Poll(consumer, session, 0, TimeSpan.Zero, [.. records.Select(Seen)]));
        return this;
    }

    public HistoryBuilder Committed(int consumer, int session, long offset)
    {
        Commits.Add(new Commit(consumer, session, 0, offset));
        return this;
    }

    /// <summary>The final read of partition 0.</summary>
    public HistoryBuilder Read(params (long Offset, int Producer, long Number)[] records)
    {
        Final[0] = [.. records.Select(Seen)];
        return this;
    }

    public History Build() => new(Sends, Polls, Final, Commits);

    public Verdict Check() => HistoryChecker.Check(Build());

    private static Seen Seen((long Offset, int Producer, long Number) record) => new(record.Offset, new RecordId(record.Producer, record.Number));

    private HistoryBuilder Sent(int producer, long number, SendOutcome outcome, long offset, int atMs, int leader, int epoch, int partition)
    {
        Sends.Add(new Send(new RecordId(producer, number), partition, TimeSpan.Zero, TimeSpan.FromMilliseconds(atMs), outcome, offset, leader, epoch));
        return this;
    }
}
