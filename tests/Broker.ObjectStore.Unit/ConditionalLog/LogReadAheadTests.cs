using Broker.TestSupport.Storage;
using static Broker.ObjectStore.Unit.ConditionalLogs.LogFixture;

namespace Broker.ObjectStore.Unit.ConditionalLogs;

/// <summary>How much a reader of a log asks for at a time.</summary>
public sealed class LogReadAheadTests
{
    private readonly InMemoryObjectStore _store = new();

    // With the fence that the log begins with.
    [Theory]
    [InlineData(40, 20, 32)]
    [InlineData(10, 20, 11)]
    [InlineData(7, 8 << 20, 5)]
    public async Task Reads_ahead_are_bounded_by_their_number_and_their_bytes(int entries, int entryBytes, int expected)
    {
        (ConditionalLog log, _) = await OpenAsync(_store, Options(1));
        for (int i = 0; i < entries; i++)
        {
            await log.AppendAsync(new byte[entryBytes], default);
        }

        TaskCompletionSource answers = new(TaskCreationOptions.RunContinuationsAsynchronously);
        HeldObjectStore held = new(_store, Task.CompletedTask) { GetsOfSlots = answers.Task };
        LogReader reader = new(held, Prefix, (await LogReader.FindStartAsync(held, Prefix, default))!.Value);
        Task<int> reading = CountAsync(reader);

        // All that is asked for before the first answer: nothing else of this store waits.
        Assert.Equal(expected, held.GetsOfSlotsBegun);
        answers.SetResult();
        Assert.Equal(entries, await reading);
    }

    private static async Task<int> CountAsync(LogReader reader)
    {
        int count = 0;
        await foreach (LogEntry _ in reader.ReadToEndAsync(default))
        {
            count++;
        }

        return count;
    }
}
