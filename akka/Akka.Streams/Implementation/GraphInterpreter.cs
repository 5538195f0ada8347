using Akka.Actor;
using Akka.Event;
using Akka.Streams.Stage;

namespace Akka.Streams.Implementation;

/// <summary>
/// One outlet connected to one inlet. At most one element is on its way, and only after a pull.
/// Invariant S1: per connection the events are pull, push, pull, push... until one side closes; a failure or a cancellation
/// overtakes an element that was pushed and not delivered, a completion follows it.
/// </summary>
internal sealed class Connection(GraphStageLogic upstream, int outletId, GraphStageLogic downstream, int inletId)
{
    public GraphStageLogic Upstream { get; } = upstream;

    public int OutletId { get; } = outletId;

    public GraphStageLogic Downstream { get; } = downstream;

    public int InletId { get; } = inletId;

    public object? Element;

    /// <summary>Downstream has asked and no element has been pushed since.</summary>
    public bool Demand;

    /// <summary>Downstream has asked and has not been given the element yet.</summary>
    public bool Pulled;

    public bool PullPending;
    public bool PushPending;

    /// <summary>An element was delivered and not yet grabbed.</summary>
    public bool HasElement;
    public bool OutletClosed;
    public bool InletClosed;
    public Exception? Failure;
    public Exception? CancelCause;
    public bool Enqueued;

    public bool MayPush => Demand && !PullPending && !OutletClosed;

    public object? Grab()
    {
        if (!HasElement)
        {
            throw new ArgumentException($"Cannot get element from already empty input port {InletId} of {Downstream}");
        }

        object? element = Element;
        Element = null;
        HasElement = false;
        return element;
    }
}

/// <summary>Runs the connected stages of one graph: a queue of connections where something is to be told to one side.</summary>
internal sealed class GraphInterpreter(ActorMaterializerImpl materializer)
{
    private readonly List<GraphStageLogic> _logics = [];
    private readonly Queue<Connection> _events = new();
    private int _running;

    public IMaterializer Materializer => materializer;

    /// <summary>The actor whose turns run this interpreter.</summary>
    public IActorRef Actor { get; set; } = ActorRefs.Nobody;

    public bool IsCompleted => _running == 0;

    public void Add(GraphStageLogic logic, Attributes attributes)
    {
        logic.Interpreter = this;
        logic.Attributes = attributes;
        _logics.Add(logic);
        _running++;
    }

    public void Connect(PortRef outlet, PortRef inlet)
    {
        Connection connection = new(outlet.Logic, outlet.Id, inlet.Logic, inlet.Id);
        outlet.Logic.OutConnections[outlet.Id] = connection;
        inlet.Logic.InConnections[inlet.Id] = connection;
    }

    public void Start()
    {
        foreach (GraphStageLogic logic in _logics)
        {
            Guarded(logic, logic.PreStart);
        }
    }

    /// <summary>Works off events; false when the limit was reached before the end.</summary>
    public bool Run(int eventLimit)
    {
        while (_events.TryDequeue(out Connection? connection))
        {
            connection.Enqueued = false;
            Process(connection);
            if (--eventLimit == 0 && _events.Count > 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Any thread: runs <paramref name="action"/> in the actor's turn, unless the stage has ended by then.</summary>
    public void Async(GraphStageLogic logic, Action action) => Actor.Tell(new AsyncEvent(logic, action), ActorRefs.NoSender);

    public void RunAsyncEvent(AsyncEvent @event)
    {
        if (!@event.Logic.IsFinished)
        {
            Guarded(@event.Logic, @event.Action);
        }
    }

    /// <summary>The actor stops: whatever still runs is told so.</summary>
    public void Abort()
    {
        foreach (GraphStageLogic logic in _logics.Where(logic => !logic.IsFinished))
        {
            Finish(logic);
        }
    }

    public void Pull(Connection connection)
    {
        if (connection.InletClosed || connection.Pulled)
        {
            throw new ArgumentException(connection.InletClosed
                ? $"Cannot pull closed port ({connection.InletId}) of {connection.Downstream}"
                : $"Cannot pull port ({connection.InletId}) of {connection.Downstream} twice");
        }

        connection.Pulled = true;
        connection.HasElement = false;
        if (!connection.OutletClosed)
        {
            connection.Demand = true;
            connection.PullPending = true;
            Enqueue(connection);
        }
    }

    public void Push(Connection connection, object? element)
    {
        if (!connection.MayPush)
        {
            throw new ArgumentException(connection.OutletClosed
                ? $"Cannot push closed port ({connection.OutletId}) of {connection.Upstream}"
                : $"Cannot push port ({connection.OutletId}) of {connection.Upstream} twice, or before it being pulled");
        }

        if (element is null)
        {
            throw new ArgumentNullException(nameof(element), "Element must not be null");
        }

        connection.Demand = false;
        if (!connection.InletClosed)
        {
            connection.Element = element;
            connection.PushPending = true;
            Enqueue(connection);
        }
    }

    public void Complete(Connection connection)
    {
        if (!connection.OutletClosed)
        {
            CloseOutlet(connection);
            if (!connection.InletClosed)
            {
                Enqueue(connection);
            }
        }
    }

    public void Fail(Connection connection, Exception reason)
    {
        if (!connection.OutletClosed)
        {
            CloseOutlet(connection);
            if (!connection.InletClosed)
            {
                connection.Failure = reason;
                connection.PushPending = false;
                connection.Element = null;
                Enqueue(connection);
            }
        }
    }

    public void Cancel(Connection connection, Exception cause)
    {
        if (!connection.InletClosed)
        {
            CloseInlet(connection);
            connection.Element = null;
            connection.HasElement = false;
            connection.PushPending = false;
            if (!connection.OutletClosed)
            {
                connection.CancelCause = cause;
                Enqueue(connection);
            }
        }
    }

    private static void CloseOutlet(Connection connection)
    {
        connection.OutletClosed = true;
        connection.Demand = false;
        connection.PullPending = false;
        connection.Upstream.OpenPorts--;
    }

    private static void CloseInlet(Connection connection)
    {
        connection.InletClosed = true;
        connection.Pulled = false;
        connection.Downstream.OpenPorts--;
    }

    private void Enqueue(Connection connection)
    {
        if (!connection.Enqueued)
        {
            connection.Enqueued = true;
            _events.Enqueue(connection);
        }
    }

    private void Process(Connection connection)
    {
        if (connection.InletClosed)
        {
            if (!connection.OutletClosed)
            {
                CloseOutlet(connection);
                GraphStageLogic upstream = connection.Upstream;
                try
                {
                    upstream.OutHandlerOf(connection.OutletId).OnDownstreamFinish(connection.CancelCause!);
                }
                catch (Exception failure)
                {
                    upstream.FailStage(failure);
                }

                AfterRun(upstream);
            }
        }
        else if (connection.PushPending)
        {
            connection.PushPending = false;
            connection.Pulled = false;
            connection.HasElement = true;
            Deliver(connection.Downstream, connection.Downstream.InHandlerOf(connection.InletId));
            if (connection.OutletClosed && !connection.InletClosed)
            {
                Enqueue(connection);
            }
        }
        else if (connection.OutletClosed)
        {
            CloseInlet(connection);
            Ended(connection);
        }
        else if (connection.PullPending)
        {
            connection.PullPending = false;
            Ask(connection.Upstream, connection.Upstream.OutHandlerOf(connection.OutletId));
        }
    }

    private void Deliver(GraphStageLogic logic, IInHandler handler)
    {
        try
        {
            handler.OnPush();
        }
        catch (Exception failure)
        {
            logic.FailStage(failure);
        }

        AfterRun(logic);
    }

    private void Ask(GraphStageLogic logic, IOutHandler handler)
    {
        try
        {
            handler.OnPull();
        }
        catch (Exception failure)
        {
            logic.FailStage(failure);
        }

        AfterRun(logic);
    }

    private void Ended(Connection connection)
    {
        GraphStageLogic downstream = connection.Downstream;
        IInHandler handler = downstream.InHandlerOf(connection.InletId);
        Guarded(downstream, () =>
        {
            if (connection.Failure is null)
            {
                handler.OnUpstreamFinish();
            }
            else
            {
                handler.OnUpstreamFailure(connection.Failure);
            }
        });
    }

    private void Guarded(GraphStageLogic logic, Action action)
    {
        try
        {
            action();
        }
        catch (Exception failure)
        {
            logic.FailStage(failure);
        }

        AfterRun(logic);
    }

    private void AfterRun(GraphStageLogic logic)
    {
        if (logic.OpenPorts == 0 && !logic.KeepsGoing && !logic.IsFinished)
        {
            Finish(logic);
        }
    }

    private void Finish(GraphStageLogic logic)
    {
        logic.IsFinished = true;
        _running--;
        (logic as TimerGraphStageLogic)?.CancelAllTimers();
        try
        {
            logic.PostStop();
        }
        catch (Exception failure)
        {
            materializer.Logger.Error(failure, "Error in stage {0} after its end: {1}", logic, failure.Message);
        }
    }
}

/// <summary>Something from outside for one stage.</summary>
internal sealed record AsyncEvent(GraphStageLogic Logic, Action Action) : IDeadLetterSuppression;
