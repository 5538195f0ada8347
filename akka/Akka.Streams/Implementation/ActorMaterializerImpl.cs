using Akka.Actor;
using Akka.Dispatch;
using Akka.Event;

namespace Akka.Streams.Implementation;

internal sealed class ActorMaterializerImpl : ActorMaterializer
{
    private static long _lastSupervisor = -1;

    private readonly string _namePrefix;
    private readonly LocalActorRef _supervisor;
    private long _lastGraph = -1;
    private volatile bool _isShutdown;

    public ActorMaterializerImpl(ActorSystem system, IActorRefFactory context, ActorMaterializerSettings settings, string namePrefix)
    {
        System = system;
        Settings = settings;
        _namePrefix = namePrefix;
        Logger = Logging.GetLogger(system, this);
        _supervisor = (LocalActorRef)context.ActorOf(
            Props.Create(() => new StreamSupervisor()), $"StreamSupervisor-{Interlocked.Increment(ref _lastSupervisor)}");
    }

    public override ActorMaterializerSettings Settings { get; }

    public override bool IsShutdown => _isShutdown || _supervisor.IsTerminated;

    public override MessageDispatcher ExecutionContext => System.Dispatchers.Lookup(Settings.Dispatcher);

    public override ActorSystem System { get; }

    public override ILoggingAdapter Logger { get; }

    public override IActorRef Supervisor => _supervisor;

    public override TMat Materialize<TMat>(IGraph<ClosedShape, TMat> runnable) => Materialize(runnable, Attributes.None);

    public override TMat Materialize<TMat>(IGraph<ClosedShape, TMat> runnable, Attributes initialAttributes)
    {
        if (IsShutdown)
        {
            throw new InvalidOperationException("Trying to materialize stream after materializer has been shutdown");
        }

        Attributes attributes = new Attributes(
            new ActorAttributes.Dispatcher(Settings.Dispatcher),
            new ActorAttributes.SupervisionStrategy(Settings.SupervisionDecider)).And(initialAttributes);
        GraphInterpreter interpreter = new(this);
        Built graph = runnable.Blueprint.Build(interpreter, attributes);
        int limit = Settings.SyncProcessingLimit;
        Props props = Props.Create(() => new GraphActor(interpreter, limit))
            .WithDispatcher(attributes.GetAttribute<ActorAttributes.Dispatcher>().Name);
        interpreter.Actor = _supervisor.Cell.CreateChild(props, $"{_namePrefix}-{Interlocked.Increment(ref _lastGraph)}");
        return (TMat)graph.Materialized!;
    }

    public override ICancelable ScheduleOnce(TimeSpan delay, Action action) =>
        System.Scheduler.Advanced.ScheduleOnceCancelable(delay, action);

    public override ICancelable ScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action) =>
        System.Scheduler.Advanced.ScheduleRepeatedlyCancelable(initialDelay, interval, action);

    public override void Shutdown()
    {
        _isShutdown = true;
        System.Stop(_supervisor);
    }

    /// <summary>The parent of the graphs' actors; a graph that fails as an actor is stopped.</summary>
    private sealed class StreamSupervisor : UntypedActor
    {
        protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

        protected override void OnReceive(object message) => Unhandled(message);
    }

    /// <summary>Runs one graph and stops with it.</summary>
    private sealed class GraphActor : UntypedActor
    {
        private static readonly object Continue = new();

        private readonly GraphInterpreter _interpreter;
        private readonly int _eventLimit;
        private bool _continueQueued;

        public GraphActor(GraphInterpreter interpreter, int eventLimit)
        {
            _interpreter = interpreter;
            _eventLimit = eventLimit;
            interpreter.Actor = Self;
        }

        protected override void PreStart()
        {
            _interpreter.Start();
            Run();
        }

        protected override void PostStop() => _interpreter.Abort();

        protected override void OnReceive(object message)
        {
            if (message is AsyncEvent @event)
            {
                _interpreter.RunAsyncEvent(@event);
            }
            else
            {
                _continueQueued = false;
            }

            Run();
        }

        private void Run()
        {
            if (!_interpreter.Run(_eventLimit) && !_continueQueued)
            {
                _continueQueued = true;
                Self.Tell(Continue, Self);
            }

            if (_interpreter.IsCompleted)
            {
                Context.Stop(Self);
            }
        }
    }
}
