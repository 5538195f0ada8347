namespace Broker.Chaos.Histories;

/// <summary>Random histories of a broker that keeps its word pass; each with one corruption does not.</summary>
public sealed class RandomHistoryTests
{
    private const int Seeds = 300;

    /// <summary>Each takes one thing back that the broker promised, and names what that must be called.</summary>
    private static readonly (string Name, AnomalyKind Expected, Action<HistoryBuilder, Random> Corrupt)[] Corruptions =
    [
        ("an acknowledged record is left out", AnomalyKind.LostWrite, (history, random) => Edit(history, log => log.Remove(Some(log.Where(seen => Outcome(history, seen) == SendOutcome.Acknowledged), random)))),
        ("a record stands a second time", AnomalyKind.Duplicate, (history, random) => Edit(history, log => log.Add(new Seen(log.Count, Some(log, random).Id)))),
        ("two of one producer change places", AnomalyKind.Reordering, (history, random) => Edit(history, log => SwapOfOneProducer(log, random))),
        ("an acknowledgement tells another offset", AnomalyKind.InconsistentOffset, (history, random) => Replace(history.Sends, Acked, random, send => send with { Offset = send.Offset + 1 + random.Next(5) })),
        ("a consumer gets another value", AnomalyKind.InconsistentOffset, (history, random) => Replace(history.Polls, poll => poll.Records.Count > 1, random, poll => poll with { Records = [poll.Records[0], new Seen(poll.Records[1].Offset, poll.Records[0].Id), .. poll.Records.Skip(2)] })),
        ("a consumer misses one", AnomalyKind.Gap, (history, random) => Replace(history.Polls, poll => poll.Records.Count > 2, random, poll => poll with { Records = [poll.Records[0], .. poll.Records.Skip(2)] })),
        ("a consumer gets one again", AnomalyKind.NonmonotonicPoll, (history, random) => Replace(history.Polls, poll => poll.Records.Count > 0, random, poll => poll with { Records = [.. poll.Records, poll.Records[^1]] })),
        ("a record comes from nowhere", AnomalyKind.NobodySent, (history, random) => Edit(history, log => log.Add(new Seen(log.Count, new RecordId(99, random.Next()))))),
        ("a refused record stands", AnomalyKind.RefusedAndStored, (history, random) => Replace(history.Sends, send => Acked(send), random, send => send with { Outcome = SendOutcome.Refused })),
    ];

    [Fact]
    public void Random_clean_history_is_clean()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            Verdict verdict = Clean(new Random(seed)).Check();
            Assert.True(verdict.IsClean, $"seed {seed}: {string.Join('\n', verdict.Anomalies)}");
        }
    }

    [Fact]
    public void Random_history_with_one_corruption_is_found_out_for_what_it_is()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            Random random = new(seed);
            HistoryBuilder history = Clean(random);
            (string name, AnomalyKind expected, Action<HistoryBuilder, Random> corrupt) = Corruptions[seed % Corruptions.Length];
            corrupt(history, random);
            Assert.True(history.Check().Counts.ContainsKey(expected), $"seed {seed}: {name}, and the verdict has only {string.Join(", ", history.Check().Counts.Keys)}");
        }
    }

    // A log that takes records in their producers' orders, some twice refused or in doubt; consumers that follow it in pieces.
    private static HistoryBuilder Clean(Random random)
    {
        HistoryBuilder history = new();
        long[] next = new long[1 + random.Next(4)];
        List<Seen> log = [];
        int records = 30 + random.Next(100);
        for (int i = 0; i < records; i++)
        {
            int producer = random.Next(next.Length);
            RecordId id = new(producer, next[producer]++);
            int luck = random.Next(20);
            SendOutcome outcome = luck == 0 ? SendOutcome.Refused : luck <= 2 ? SendOutcome.Unknown : SendOutcome.Acknowledged;
            bool isStored = outcome == SendOutcome.Acknowledged || (outcome == SendOutcome.Unknown && random.Next(2) == 0);
            long offset = outcome == SendOutcome.Acknowledged && random.Next(10) > 0 ? log.Count : -1;
            history.Sends.Add(new Send(id, 0, TimeSpan.FromMilliseconds(i), TimeSpan.FromMilliseconds(i + 1 + random.Next(50)), outcome, offset));
            if (isStored)
            {
                log.Add(new Seen(log.Count, id));
            }
        }

        history.Final[0] = log;
        for (int consumer = 0; consumer < 2; consumer++)
        {
            Follow(history, log, consumer, random);
        }

        return history;
    }

    private static void Follow(HistoryBuilder history, List<Seen> log, int consumer, Random random)
    {
        for (int position = 0, session = 0; position < log.Count;)
        {
            int count = Math.Min(3 + random.Next(10), log.Count - position);
            history.Polls.Add(new Poll(consumer, session, 0, TimeSpan.FromMilliseconds(position), log.GetRange(position, count)));
            position += count;
            if (random.Next(10) == 0)
            {
                session++;
                position = Math.Max(0, position - random.Next(10));
            }
        }
    }

    private static void Edit(HistoryBuilder history, Action<List<Seen>> edit)
    {
        List<Seen> log = [.. history.Final[0]];
        edit(log);
        history.Final[0] = log;
    }

    private static void SwapOfOneProducer(List<Seen> log, Random random)
    {
        int first = Enumerable.Range(0, log.Count).OrderBy(_ => random.Next())
            .First(i => log.FindIndex(i + 1, seen => seen.Id.Producer == log[i].Id.Producer) >= 0);
        int second = log.FindIndex(first + 1, seen => seen.Id.Producer == log[first].Id.Producer);
        (log[first], log[second]) = (log[first] with { Id = log[second].Id }, log[second] with { Id = log[first].Id });
    }

    private static void Replace<T>(List<T> all, Func<T, bool> fits, Random random, Func<T, T> change)
    {
        int[] candidates = [.. Enumerable.Range(0, all.Count).Where(i => fits(all[i]))];
        int chosen = candidates[random.Next(candidates.Length)];
        all[chosen] = change(all[chosen]);
    }

    private static bool Acked(Send send) => send is { Outcome: SendOutcome.Acknowledged, Offset: >= 0 };

    private static SendOutcome Outcome(HistoryBuilder history, Seen seen) => history.Sends.First(send => send.Id == seen.Id).Outcome;

    private static T Some<T>(IEnumerable<T> from, Random random)
    {
        T[] all = [.. from];
        return all[random.Next(all.Length)];
    }
}
