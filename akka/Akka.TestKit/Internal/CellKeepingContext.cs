using Akka.Actor;

namespace Akka.TestKit;

/// <summary>Keeps the test actor the implicit sender after an await, whatever thread the test goes on.</summary>
internal sealed class CellKeepingContext(ActorCell cell) : SynchronizationContext
{
    public override void Post(SendOrPostCallback d, object? state) =>
        ThreadPool.UnsafeQueueUserWorkItem(static run => run.Self.Run(run.Callback, run.State), (Self: this, Callback: d, State: state), preferLocal: false);

    public override void Send(SendOrPostCallback d, object? state) => Run(d, state);

    public override SynchronizationContext CreateCopy() => this;

    private void Run(SendOrPostCallback callback, object? state)
    {
        ActorCell? outerCell = ActorCell.Current;
        SynchronizationContext? outerContext = Current;
        ActorCell.Current = cell;
        SetSynchronizationContext(this);
        try
        {
            callback(state);
        }
        finally
        {
            SetSynchronizationContext(outerContext);
            ActorCell.Current = outerCell;
        }
    }
}

/// <summary>Undoes what a kit did to its test's thread.</summary>
internal static class TestThread
{
    public static void Release()
    {
        ActorCell.Current = null;
        if (SynchronizationContext.Current is CellKeepingContext)
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }
    }
}
