using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Broker.ObjectStore.Local;

/// <summary>
/// Threads for file operations, which block: a disk that is slow or hangs holds these and never the thread pool's, on which
/// actors and connections run. As many operations run at a time as there are threads; the others wait in order of arrival.
/// Threads are started when they are first needed. Thread-safe.
/// </summary>
internal sealed class IoThreads(int maxThreads) : IDisposable
{
    // Callers bound it: each of them awaits its operation.
    private readonly Queue<Action> _waiting = [];
    private int _threads;
    private int _idle;
    private bool _disposed;

    /// <summary>Awaited, it continues on one of the threads, which the method then holds until its next await.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before its turn came.</exception>
    /// <exception cref="ObjectDisposedException">The threads have ended.</exception>
    internal Turn EnterAsync(CancellationToken ct)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
        return new Turn(this, ct);
    }

    /// <summary>Ends the threads once what waits has run.</summary>
    public void Dispose()
    {
        lock (_waiting)
        {
            Volatile.Write(ref _disposed, true);
            Monitor.PulseAll(_waiting);
        }
    }

    private void Enqueue(Action operation)
    {
        lock (_waiting)
        {
            if (_disposed)
            {
                // It came in while the threads were ending. An exception would have nobody here to catch it: the operation runs all the same.
                ThreadPool.UnsafeQueueUserWorkItem(static late => late(), operation, preferLocal: false);
                return;
            }

            _waiting.Enqueue(operation);
            if (_waiting.Count > _idle && _threads < maxThreads)
            {
                _threads++;
                new Thread(RunUntilDisposed) { IsBackground = true, Name = "store-io" }.Start();
            }
            else
            {
                Monitor.Pulse(_waiting);
            }
        }
    }

    private void RunUntilDisposed()
    {
        while (TryTake(out Action? operation))
        {
            operation();
        }
    }

    private bool TryTake([NotNullWhen(true)] out Action? operation)
    {
        lock (_waiting)
        {
            while (!_waiting.TryDequeue(out operation))
            {
                if (_disposed)
                {
                    return false;
                }

                _idle++;
                Monitor.Wait(_waiting);
                _idle--;
            }

            return true;
        }
    }

    /// <summary>The await itself.</summary>
    internal readonly struct Turn(IoThreads threads, CancellationToken ct) : ICriticalNotifyCompletion
    {
        /// <summary>False: the caller's own thread never runs the operation.</summary>
        public bool IsCompleted => false;

        public Turn GetAwaiter() => this;

        public void GetResult() => ct.ThrowIfCancellationRequested();

        public void OnCompleted(Action continuation) => threads.Enqueue(continuation);

        public void UnsafeOnCompleted(Action continuation) => threads.Enqueue(continuation);
    }
}
