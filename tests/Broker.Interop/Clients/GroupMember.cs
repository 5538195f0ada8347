using Broker.TestSupport.Processes;

namespace Broker.Interop.Clients;

/// <summary>A running member of a consumer group.</summary>
public abstract class GroupMember(ChildProcess process) : IAsyncDisposable
{
    /// <summary>A join after another member's takes a heartbeat and a rebalance: seconds at the most.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(40);

    /// <summary>The partitions of the latest assignment; null before the first one.</summary>
    public abstract IReadOnlyList<int>? Assigned { get; }

    /// <summary>All records received so far.</summary>
    public abstract IReadOnlyList<ReceivedRecord> Received { get; }

    protected ChildProcess Process { get; } = process;

    /// <summary>Waits until the member holds <paramref name="partitions"/> partitions.</summary>
    public Task WaitForPartitionsAsync(int partitions) =>
        Process.WaitUntilAsync(_ => Assigned?.Count == partitions, $"assignment of {partitions} partitions", Deadline);

    /// <summary>Waits until the member has received <paramref name="count"/> records or more.</summary>
    public Task WaitForRecordsAsync(int count) =>
        Process.WaitUntilAsync(_ => Received.Count >= count, $"receipt of {count} records", Deadline);

    /// <summary>Leaves the group as an application that shuts down, and waits for the process to end well.</summary>
    public async Task LeaveAsync()
    {
        await AskToLeaveAsync();
        int exitCode = await Process.WaitForExitAsync(Deadline);
        Assert.True(exitCode == 0, $"exit code {exitCode}: {Process.Description}\n{Process.OutputTail()}");
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Process.DisposeAsync();
    }

    protected abstract Task AskToLeaveAsync();
}
