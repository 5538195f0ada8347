namespace Broker.ObjectStore.S3;

/// <summary>
/// When a request is given up: when its time is up, or its caller wants it no more. The two are kept apart, since only the caller's is an
/// <see cref="OperationCanceledException"/> to the caller.
/// </summary>
internal sealed class S3Deadline : IDisposable
{
    private readonly CancellationTokenSource _timer;
    private readonly CancellationTokenSource _either;
    private readonly CancellationToken _caller;

    internal S3Deadline(TimeSpan timeout, TimeProvider time, CancellationToken caller)
    {
        Timeout = timeout;
        _caller = caller;
        _timer = new CancellationTokenSource(timeout, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_timer.Token, caller);
    }

    /// <summary>What the request is cancelled by.</summary>
    internal CancellationToken Token => _either.Token;

    /// <summary>How long was allowed, for messages.</summary>
    internal TimeSpan Timeout { get; private set; }

    internal bool HasPassed => _timer.IsCancellationRequested;

    internal bool IsUnwanted => _caller.IsCancellationRequested;

    /// <summary>A new phase of the request begins, which may take so long.</summary>
    internal void Restart(TimeSpan timeout)
    {
        Timeout = timeout;
        _timer.CancelAfter(timeout);
    }

    /// <exception cref="OperationCanceledException">The caller wants the request no more.</exception>
    internal void ThrowIfUnwanted() => _caller.ThrowIfCancellationRequested();

    public void Dispose()
    {
        _either.Dispose();
        _timer.Dispose();
    }
}
