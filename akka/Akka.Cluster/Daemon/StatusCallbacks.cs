using Akka.Event;

namespace Akka.Cluster;

/// <summary>What is to be called when the node reaches a status: each once, on the thread pool.</summary>
internal sealed class StatusCallbacks(ILoggingAdapter log)
{
    private readonly Lock _lock = new();
    private List<Action>? _waiting = [];

    public void Add(Action callback)
    {
        lock (_lock)
        {
            if (_waiting is not null)
            {
                _waiting.Add(callback);
                return;
            }
        }

        Run([callback]);
    }

    public void Fire()
    {
        List<Action>? waiting;
        lock (_lock)
        {
            waiting = _waiting;
            _waiting = null;
        }

        if (waiting is { Count: > 0 })
        {
            Run(waiting);
        }
    }

    private void Run(List<Action> callbacks) => ThreadPool.UnsafeQueueUserWorkItem(
        _ =>
        {
            foreach (Action callback in callbacks)
            {
                try
                {
                    callback();
                }
                catch (Exception failure)
                {
                    log.Error(failure, "A callback of the cluster failed: {0}", failure.Message);
                }
            }
        },
        null);
}
