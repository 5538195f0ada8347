using System.Globalization;

namespace Broker.Chaos.Histories;

/// <summary>A history as a text file, one event a line: what a failed run leaves.</summary>
public static class HistoryFile
{
    public static async Task WriteAsync(string path, History history, IEnumerable<string> heading)
    {
        await using StreamWriter file = new(path);
        foreach (string line in heading)
        {
            await file.WriteLineAsync($"# {line}");
        }

        await file.WriteLineAsync("# send ID PARTITION INVOKED_MS COMPLETED_MS OUTCOME OFFSET LEADER EPOCH | poll CONSUMER SESSION PARTITION TIME_MS OFFSET=ID ... | commit CONSUMER SESSION PARTITION OFFSET | final PARTITION OFFSET ID");
        foreach (Send send in history.Sends.OrderBy(send => send.Invoked))
        {
            await file.WriteLineAsync($"send {send.Id} {send.Partition} {Ms(send.Invoked)} {Ms(send.Completed)} {send.Outcome} {send.Offset} {send.Leader} {send.LeaderEpoch}");
        }

        foreach (Poll poll in history.Polls)
        {
            await file.WriteLineAsync($"poll {poll.Consumer} {poll.Session} {poll.Partition} {Ms(poll.Time)} {string.Join(' ', poll.Records.Select(seen => $"{seen.Offset}={seen.Id}"))}");
        }

        foreach (Commit commit in history.Commits)
        {
            await file.WriteLineAsync($"commit {commit.Consumer} {commit.Session} {commit.Partition} {commit.Offset}");
        }

        foreach ((int partition, IReadOnlyList<Seen> records) in history.Final.OrderBy(one => one.Key))
        {
            foreach (Seen seen in records)
            {
                await file.WriteLineAsync($"final {partition} {seen.Offset} {seen.Id}");
            }
        }
    }

    private static string Ms(TimeSpan time) => time.TotalMilliseconds.ToString("F1", CultureInfo.InvariantCulture);
}
