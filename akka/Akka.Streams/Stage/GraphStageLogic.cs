using Akka.Streams.Implementation;

namespace Akka.Streams.Stage;

/// <summary>
/// The running part of a stage. All its methods and handlers run in the turns of the graph's one actor; what comes from
/// elsewhere enters by <see cref="GetAsyncCallback{T}"/>.
/// </summary>
public abstract class GraphStageLogic
{
    public readonly int InCount;

    public readonly int OutCount;

    private readonly IInHandler?[] _inHandlers;
    private readonly IOutHandler?[] _outHandlers;

    protected GraphStageLogic(int inCount, int outCount)
    {
        InCount = inCount;
        OutCount = outCount;
        _inHandlers = new IInHandler?[inCount];
        _outHandlers = new IOutHandler?[outCount];
        InConnections = new Connection[inCount];
        OutConnections = new Connection[outCount];
        OpenPorts = inCount + outCount;
    }

    protected GraphStageLogic(Shape shape)
        : this(shape.Inlets.Length, shape.Outlets.Length)
    {
        for (int i = 0; i < shape.Inlets.Length; i++)
        {
            shape.Inlets[i].Id = i;
        }

        for (int i = 0; i < shape.Outlets.Length; i++)
        {
            shape.Outlets[i].Id = i;
        }
    }

    protected IMaterializer Materializer => Interpreter.Materializer;

    internal Connection[] InConnections { get; }

    internal Connection[] OutConnections { get; }

    internal GraphInterpreter Interpreter { get; set; } = null!;

    internal Attributes Attributes { get; set; } = Attributes.None;

    /// <summary>Ports that this side has not yet seen closed; at none the logic ends.</summary>
    internal int OpenPorts { get; set; }

    internal bool KeepsGoing { get; private set; }

    internal bool IsFinished { get; set; }

    public virtual void PreStart()
    {
    }

    /// <summary>Called once, when all ports are closed or the graph's actor stops.</summary>
    public virtual void PostStop()
    {
    }

    /// <summary>Completes all outlets and cancels all inlets.</summary>
    public void CompleteStage() => CloseAll(null, SubscriptionWithCancelException.StageWasCompleted.Instance);

    /// <summary>Fails all outlets and cancels all inlets, at once.</summary>
    public void FailStage(Exception reason) => CloseAll(reason, reason);

    /// <summary>Ends the stage because downstream cancelled: as a failure if that was the cause, else as a completion.</summary>
    public void CancelStage(Exception cause)
    {
        if (cause is SubscriptionWithCancelException.NonFailureCancellation)
        {
            CloseAll(null, cause);
        }
        else
        {
            FailStage(cause);
        }
    }

    public void SetHandler<T>(Inlet<T> inlet, IInHandler handler) => _inHandlers[inlet.Id] = handler;

    public void SetHandler<T>(Inlet<T> inlet, Action onPush, Action? onUpstreamFinish = null, Action<Exception>? onUpstreamFailure = null) =>
        SetHandler(inlet, new LambdaInHandler(onPush, onUpstreamFinish ?? CompleteStage, onUpstreamFailure ?? FailStage));

    public void SetHandler<T>(Outlet<T> outlet, IOutHandler handler) => _outHandlers[outlet.Id] = handler;

    public void SetHandler<T>(Outlet<T> outlet, Action onPull, Action<Exception>? onDownstreamFinish = null) =>
        SetHandler(outlet, new LambdaOutHandler(onPull, onDownstreamFinish ?? CancelStage));

    public void SetHandler<TIn, TOut>(Inlet<TIn> inlet, Outlet<TOut> outlet, InAndOutGraphStageLogic handler)
    {
        SetHandler(inlet, handler);
        SetHandler(outlet, handler);
    }

    /// <summary>Asks upstream for an element.</summary>
    /// <exception cref="ArgumentException">The inlet is closed or has been pulled already.</exception>
    public void Pull<T>(Inlet<T> inlet) => Interpreter.Pull(InConnections[inlet.Id]);

    /// <summary>As <see cref="Pull{T}"/>, but does nothing when the inlet is closed or pulled.</summary>
    public void TryPull<T>(Inlet<T> inlet)
    {
        if (!IsClosed(inlet) && !HasBeenPulled(inlet))
        {
            Pull(inlet);
        }
    }

    /// <summary>Takes the element that has come.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public T Grab<T>(Inlet<T> inlet) => (T)InConnections[inlet.Id].Grab()!;

    /// <summary>True when an element has come that was not grabbed.</summary>
    public bool IsAvailable<T>(Inlet<T> inlet) => InConnections[inlet.Id].HasElement;

    /// <summary>True when downstream wants an element.</summary>
    public bool IsAvailable<T>(Outlet<T> outlet) => OutConnections[outlet.Id].MayPush;

    /// <summary>Sends an element downstream.</summary>
    /// <exception cref="ArgumentException">The outlet is closed or downstream has not asked.</exception>
    public void Push<T>(Outlet<T> outlet, T element) => Interpreter.Push(OutConnections[outlet.Id], element);

    /// <summary>Calls back in the actor's turn, whatever thread the returned action is called on; not after the stage's end.</summary>
    protected Action<T> GetAsyncCallback<T>(Action<T> handler) => element => Interpreter.Async(this, () => handler(element));

    protected Action GetAsyncCallback(Action handler) => () => Interpreter.Async(this, handler);

    protected bool HasBeenPulled<T>(Inlet<T> inlet) => InConnections[inlet.Id].Pulled;

    protected bool IsClosed<T>(Inlet<T> inlet) => InConnections[inlet.Id].InletClosed;

    protected bool IsClosed<T>(Outlet<T> outlet) => OutConnections[outlet.Id].OutletClosed;

    protected void Cancel<T>(Inlet<T> inlet) => Cancel(inlet, SubscriptionWithCancelException.NoMoreElementsNeeded.Instance);

    protected void Cancel<T>(Inlet<T> inlet, Exception cause) => Interpreter.Cancel(InConnections[inlet.Id], cause);

    protected void Complete<T>(Outlet<T> outlet) => Interpreter.Complete(OutConnections[outlet.Id]);

    protected void Fail<T>(Outlet<T> outlet, Exception reason) => Interpreter.Fail(OutConnections[outlet.Id], reason);

    /// <summary>While enabled, the stage lives on after all its ports have closed.</summary>
    protected void SetKeepGoing(bool enabled) => KeepsGoing = enabled;

    internal IInHandler InHandlerOf(int id) => _inHandlers[id] ?? throw new InvalidOperationException($"No handler was set for inlet {id} of {this}.");

    internal IOutHandler OutHandlerOf(int id) => _outHandlers[id] ?? throw new InvalidOperationException($"No handler was set for outlet {id} of {this}.");

    private void CloseAll(Exception? failure, Exception cancelCause)
    {
        KeepsGoing = false;
        foreach (Connection inlet in InConnections)
        {
            Interpreter.Cancel(inlet, cancelCause);
        }

        foreach (Connection outlet in OutConnections)
        {
            if (failure is null)
            {
                Interpreter.Complete(outlet);
            }
            else
            {
                Interpreter.Fail(outlet, failure);
            }
        }
    }

    private sealed class LambdaInHandler(Action onPush, Action onFinish, Action<Exception> onFailure) : IInHandler
    {
        public void OnPush() => onPush();

        public void OnUpstreamFinish() => onFinish();

        public void OnUpstreamFailure(Exception e) => onFailure(e);
    }

    private sealed class LambdaOutHandler(Action onPull, Action<Exception> onFinish) : IOutHandler
    {
        public void OnPull() => onPull();

        public void OnDownstreamFinish(Exception cause) => onFinish(cause);
    }
}
