using System.Text;
using Broker.TestSupport.Simulation;

namespace Broker.ObjectStore.Unit.ConditionalLogs;

/// <summary>Opens logs and reads them, for the tests of the conditional log.</summary>
internal static class LogFixture
{
    internal const string Prefix = "log";

    internal static ConditionalLogOptions Options(int seed, int maxInFlight = 1, TimeProvider? time = null) => new(Prefix)
    {
        MaxInFlight = maxInFlight,
        Time = time ?? new JumpingTime(),
        Ids = new SeededIdSource(seed),
        JitterSeed = seed,
    };

    internal static async Task<(ConditionalLog Log, List<LogEntry> Replay)> OpenAsync(
        IObjectStore store, ConditionalLogOptions options, LogPosition? from = null)
    {
        List<LogEntry> replay = [];
        ConditionalLog log = await ConditionalLog.OpenAsync(
            store,
            options,
            from,
            (entry, _) =>
            {
                replay.Add(entry);
                return ValueTask.CompletedTask;
            },
            default);
        return (log, replay);
    }

    internal static async Task<long> AppendAsync(this ConditionalLog log, string text)
        => await log.AppendAsync(Encoding.UTF8.GetBytes(text), default);

    internal static string Text(this LogEntry entry) => Encoding.UTF8.GetString(entry.Payload.Span);

    internal static IEnumerable<string> Texts(this IEnumerable<LogEntry> entries) => entries.Select(Text);

    internal static async Task<StorageException> FailsAsync(StorageErrorKind kind, Func<Task> action)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(action);
        Assert.Equal(kind, error.Kind);
        return error;
    }
}
