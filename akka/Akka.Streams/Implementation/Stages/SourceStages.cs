using System.Threading.Channels;
using Akka.Actor;
using Akka.Streams.Stage;

namespace Akka.Streams.Implementation.Stages;

/// <summary>A stage with one outlet.</summary>
internal abstract class SourceStage<T> : GraphStage<SourceShape<T>>
{
    protected SourceStage() => Shape = new SourceShape<T>(Out);

    public Outlet<T> Out { get; } = new("out");

    public override SourceShape<T> Shape { get; }
}

internal abstract class SourceLogic<T> : OutGraphStageLogic
{
    protected SourceLogic(SourceStage<T> stage)
        : base(stage.Shape)
    {
        Out = stage.Out;
        SetHandler(Out, this);
    }

    protected Outlet<T> Out { get; }
}

/// <summary>What an enumerator gives; made anew for each run.</summary>
internal sealed class EnumeratorSource<T>(Func<IEnumerator<T>> create) : SourceStage<T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, create);

    private sealed class Logic(EnumeratorSource<T> stage, Func<IEnumerator<T>> create) : SourceLogic<T>(stage)
    {
        private IEnumerator<T>? _enumerator;
        private bool _hasNext;

        public override void PreStart()
        {
            _enumerator = create();
            Advance();
        }

        public override void OnPull()
        {
            T element = _enumerator!.Current;
            Push(Out, element);

            // Looking ahead completes together with the last element, without another pull.
            Advance();
        }

        public override void PostStop() => _enumerator?.Dispose();

        private void Advance()
        {
            _hasNext = _enumerator!.MoveNext();
            if (!_hasNext)
            {
                CompleteStage();
            }
        }
    }
}

/// <summary>No element: ends at once, with a failure if there is one.</summary>
internal sealed class EmptySource<T>(Exception? failure) : SourceStage<T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, failure);

    private sealed class Logic(EmptySource<T> stage, Exception? failure) : SourceLogic<T>(stage)
    {
        public override void PreStart()
        {
            if (failure is null)
            {
                CompleteStage();
            }
            else
            {
                FailStage(failure);
            }
        }

        public override void OnPull()
        {
        }
    }
}

internal sealed class NeverSource<T> : SourceStage<T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this);

    private sealed class Logic(NeverSource<T> stage) : SourceLogic<T>(stage)
    {
        public override void OnPull()
        {
        }
    }
}

internal sealed class RepeatSource<T>(T element) : SourceStage<T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, element);

    private sealed class Logic(RepeatSource<T> stage, T element) : SourceLogic<T>(stage)
    {
        public override void OnPull() => Push(Out, element);
    }
}

/// <summary>The result of a task.</summary>
internal sealed class TaskSource<T>(Task<T> task) : SourceStage<T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, task);

    private sealed class Logic(TaskSource<T> stage, Task<T> task) : SourceLogic<T>(stage)
    {
        private bool _asked;

        public override void OnPull()
        {
            if (_asked)
            {
                return;
            }

            _asked = true;
            if (task.IsCompleted)
            {
                Emit();
                return;
            }

            Action emit = GetAsyncCallback(Emit);
            task.ContinueWith(
                static (_, callback) => ((Action)callback!)(),
                emit,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }

        private void Emit()
        {
            if (TaskFailures.Of(task) is { } failure)
            {
                FailStage(failure);
                return;
            }

            Push(Out, task.Result);
            CompleteStage();
        }
    }
}

/// <summary>What a channel's reader gives; ends with the channel.</summary>
internal sealed class ChannelReaderSource<T>(ChannelReader<T> reader) : SourceStage<T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, reader);

    private sealed class Logic : SourceLogic<T>
    {
        private readonly ChannelReader<T> _reader;
        private readonly Action<Task<bool>> _readable;

        public Logic(ChannelReaderSource<T> stage, ChannelReader<T> reader)
            : base(stage)
        {
            _reader = reader;
            _readable = GetAsyncCallback<Task<bool>>(OnReadable);
        }

        public override void OnPull()
        {
            if (_reader.TryRead(out T? element))
            {
                Push(Out, element);
                return;
            }

            ValueTask<bool> wait = _reader.WaitToReadAsync();
            if (wait.IsCompleted)
            {
                OnReadable(wait.AsTask());
                return;
            }

            wait.AsTask().ContinueWith(
                static (ended, state) => ((Logic)state!)._readable(ended),
                this,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }

        private void OnReadable(Task<bool> wait)
        {
            if (TaskFailures.Of(wait) is { } failure)
            {
                FailStage(failure);
            }
            else if (!wait.Result)
            {
                CompleteStage();
            }
            else
            {
                // Another reader may have been faster: then it waits again.
                OnPull();
            }
        }
    }
}

/// <summary>An element every so often; dropped while downstream does not ask. Ends when cancelled.</summary>
internal sealed class TickSource<T>(TimeSpan initialDelay, TimeSpan interval, T tick)
    : GraphStageWithMaterializedValue<SourceShape<T>, ICancelable>
{
    private readonly Outlet<T> _out = new("tick.out");
    private SourceShape<T>? _shape;

    public override SourceShape<T> Shape => _shape ??= new SourceShape<T>(_out);

    public override ILogicAndMaterializedValue<ICancelable> CreateLogicAndMaterializedValue(Attributes inheritedAttributes)
    {
        TickCancelable cancelable = new();
        return new LogicAndMaterializedValue<ICancelable>(new Logic(this, initialDelay, interval, tick, cancelable.Token), cancelable);
    }

    private sealed class Logic : TimerGraphStageLogic
    {
        private readonly TickSource<T> _stage;
        private readonly TimeSpan _initialDelay;
        private readonly TimeSpan _interval;
        private readonly T _tick;
        private readonly CancellationToken _token;
        private CancellationTokenRegistration _registration;

        public Logic(TickSource<T> stage, TimeSpan initialDelay, TimeSpan interval, T tick, CancellationToken token)
            : base(stage.Shape)
        {
            _stage = stage;
            _initialDelay = initialDelay;
            _interval = interval;
            _tick = tick;
            _token = token;
            SetHandler(stage._out, DoNothing);
        }

        public override void PreStart()
        {
            Action complete = GetAsyncCallback(CompleteStage);
            _registration = _token.Register(complete);
            ScheduleRepeatedly(_stage, _initialDelay, _interval);
        }

        public override void OnTimer(object timerKey)
        {
            if (IsAvailable(_stage._out))
            {
                Push(_stage._out, _tick);
            }
        }

        public override void PostStop() => _registration.Unregister();

        private static void DoNothing()
        {
        }
    }

    /// <summary>Not tied to a scheduler: a tick source is cancelled by hand.</summary>
    private sealed class TickCancelable : ICancelable
    {
        private readonly CancellationTokenSource _source = new();

        public bool IsCancellationRequested => _source.IsCancellationRequested;

        public CancellationToken Token => _source.Token;

        public void Cancel() => _source.Cancel();

        public void Cancel(bool throwOnFirstException) => _source.Cancel(throwOnFirstException);

        public void CancelAfter(TimeSpan delay) => _source.CancelAfter(delay);

        public void CancelAfter(int millisecondsDelay) => _source.CancelAfter(millisecondsDelay);
    }
}

/// <summary>One element that is decided from outside, or none.</summary>
internal sealed class MaybeSource<T> : GraphStageWithMaterializedValue<SourceShape<T>, TaskCompletionSource<T>>
{
    private readonly Outlet<T> _out = new("maybe.out");

    public MaybeSource() => Shape = new SourceShape<T>(_out);

    public override SourceShape<T> Shape { get; }

    public override ILogicAndMaterializedValue<TaskCompletionSource<T>> CreateLogicAndMaterializedValue(Attributes inheritedAttributes)
    {
        TaskCompletionSource<T> promise = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return new LogicAndMaterializedValue<TaskCompletionSource<T>>(new Logic(this, promise.Task), promise);
    }

    private sealed class Logic : OutGraphStageLogic
    {
        private readonly MaybeSource<T> _stage;
        private readonly Task<T> _task;

        public Logic(MaybeSource<T> stage, Task<T> task)
            : base(stage.Shape)
        {
            _stage = stage;
            _task = task;
            SetHandler(stage._out, this);
        }

        public override void PreStart()
        {
            Action decided = GetAsyncCallback(Decided);
            _task.ContinueWith(
                static (_, callback) => ((Action)callback!)(),
                decided,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }

        public override void OnPull()
        {
            if (_task.IsCompleted)
            {
                Decided();
            }
        }

        private void Decided()
        {
            if (TaskFailures.Of(_task) is { } failure)
            {
                FailStage(failure);
            }
            else if (_task.Result is null)
            {
                CompleteStage();
            }
            else if (IsAvailable(_stage._out))
            {
                Push(_stage._out, _task.Result);
                CompleteStage();
            }
        }
    }
}
