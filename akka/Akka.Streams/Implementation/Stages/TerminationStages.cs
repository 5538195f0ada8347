using Akka.Streams.Stage;

namespace Akka.Streams.Implementation.Stages;

/// <summary>Passes everything on and tells by a task how the stream ended there.</summary>
internal sealed class WatchTerminationStage<T> : GraphStageWithMaterializedValue<FlowShape<T, T>, Task<Done>>
{
    private readonly Inlet<T> _in = new("in");
    private readonly Outlet<T> _out = new("out");

    public WatchTerminationStage() => Shape = new FlowShape<T, T>(_in, _out);

    public override FlowShape<T, T> Shape { get; }

    public override ILogicAndMaterializedValue<Task<Done>> CreateLogicAndMaterializedValue(Attributes inheritedAttributes)
    {
        TaskCompletionSource<Done> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return new LogicAndMaterializedValue<Task<Done>>(new Logic(this, ended), ended.Task);
    }

    private sealed class Logic : InAndOutGraphStageLogic
    {
        private readonly WatchTerminationStage<T> _stage;
        private readonly TaskCompletionSource<Done> _ended;

        public Logic(WatchTerminationStage<T> stage, TaskCompletionSource<Done> ended)
            : base(stage.Shape)
        {
            _stage = stage;
            _ended = ended;
            SetHandler(stage._in, stage._out, this);
        }

        public override void OnPush() => Push(_stage._out, Grab(_stage._in));

        public override void OnPull() => Pull(_stage._in);

        public override void OnUpstreamFinish()
        {
            _ended.TrySetResult(Done.Instance);
            CompleteStage();
        }

        public override void OnUpstreamFailure(Exception e)
        {
            _ended.TrySetException(e);
            FailStage(e);
        }

        public override void OnDownstreamFinish(Exception cause)
        {
            if (cause is SubscriptionWithCancelException.NonFailureCancellation)
            {
                _ended.TrySetResult(Done.Instance);
            }
            else
            {
                _ended.TrySetException(cause);
            }

            CancelStage(cause);
        }

        public override void PostStop() => _ended.TrySetException(new AbruptStageTerminationException(this));
    }
}

/// <summary>Passes everything on until a switch is thrown.</summary>
internal sealed class KillableStage<T, TSwitch>(Func<(TSwitch Switch, Task Terminated)> create)
    : GraphStageWithMaterializedValue<FlowShape<T, T>, TSwitch>
{
    private readonly Inlet<T> _in = new("killswitch.in");
    private readonly Outlet<T> _out = new("killswitch.out");
    private FlowShape<T, T>? _shape;

    public override FlowShape<T, T> Shape => _shape ??= new FlowShape<T, T>(_in, _out);

    public override ILogicAndMaterializedValue<TSwitch> CreateLogicAndMaterializedValue(Attributes inheritedAttributes)
    {
        (TSwitch killSwitch, Task terminated) = create();
        return new LogicAndMaterializedValue<TSwitch>(new Logic(this, terminated), killSwitch);
    }

    private sealed class Logic : InAndOutGraphStageLogic
    {
        private readonly KillableStage<T, TSwitch> _stage;
        private readonly Task _terminated;

        /// <summary>Ends the wait: a shared switch outlives its streams and must not keep them.</summary>
        private readonly CancellationTokenSource _stopped = new();

        public Logic(KillableStage<T, TSwitch> stage, Task terminated)
            : base(stage.Shape)
        {
            _stage = stage;
            _terminated = terminated;
            SetHandler(stage._in, stage._out, this);
        }

        public override void PreStart()
        {
            if (_terminated.IsCompleted)
            {
                Terminate();
                return;
            }

            Action terminate = GetAsyncCallback(Terminate);
            _terminated.ContinueWith(
                static (_, callback) => ((Action)callback!)(),
                terminate,
                _stopped.Token,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }

        public override void OnPush() => Push(_stage._out, Grab(_stage._in));

        public override void OnPull() => Pull(_stage._in);

        public override void PostStop()
        {
            _stopped.Cancel();
            _stopped.Dispose();
        }

        private void Terminate()
        {
            if (TaskFailures.Of(_terminated) is { } failure)
            {
                FailStage(failure);
            }
            else
            {
                CompleteStage();
            }
        }
    }
}
