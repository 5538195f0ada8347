namespace Broker.Node.Composition;

/// <summary>When the process is to end: signals and operators say so, and whoever runs the node hears of it. Thread-safe; saying it again changes nothing.</summary>
public sealed class NodeLifetime : IDisposable
{
    private readonly TaskCompletionSource _requested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Completes when the process is to end.</summary>
    public Task StopRequested => _requested.Task;

    /// <summary>Is cancelled when the process is to end: a start that is on its way goes no further.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>The process is to end, in good order. Returns at once.</summary>
    public void Stop()
    {
        _requested.TrySetResult();
        _stopping.Cancel();
    }

    public void Dispose() => _stopping.Dispose();
}
