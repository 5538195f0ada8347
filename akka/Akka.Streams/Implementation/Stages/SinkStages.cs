using System.Collections.Immutable;
using Akka.Streams.Stage;

namespace Akka.Streams.Implementation.Stages;

/// <summary>A sink that gathers elements into the result of a task.</summary>
/// <typeparam name="T">Type of the elements.</typeparam>
/// <typeparam name="TResult">Type of the result.</typeparam>
internal sealed class GatherSink<T, TResult>(Func<SinkGatherer<T, TResult>> create) : GraphStageWithMaterializedValue<SinkShape<T>, Task<TResult>>
{
    private readonly Inlet<T> _in = new("in");
    private SinkShape<T>? _shape;

    public override SinkShape<T> Shape => _shape ??= new SinkShape<T>(_in);

    public override ILogicAndMaterializedValue<Task<TResult>> CreateLogicAndMaterializedValue(Attributes inheritedAttributes)
    {
        TaskCompletionSource<TResult> result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return new LogicAndMaterializedValue<Task<TResult>>(new Logic(this, create(), result), result.Task);
    }

    private sealed class Logic : InGraphStageLogic
    {
        private readonly GatherSink<T, TResult> _stage;
        private readonly SinkGatherer<T, TResult> _gatherer;
        private readonly TaskCompletionSource<TResult> _result;

        public Logic(GatherSink<T, TResult> stage, SinkGatherer<T, TResult> gatherer, TaskCompletionSource<TResult> result)
            : base(stage.Shape)
        {
            _stage = stage;
            _gatherer = gatherer;
            _result = result;
            SetHandler(stage._in, this);
        }

        public override void PreStart() => Pull(_stage._in);

        public override void OnPush()
        {
            try
            {
                if (_gatherer.WantsMore(Grab(_stage._in)))
                {
                    Pull(_stage._in);
                    return;
                }
            }
            catch (Exception failure)
            {
                _result.TrySetException(failure);
                throw;
            }

            End();
            CompleteStage();
        }

        public override void OnUpstreamFinish()
        {
            End();
            CompleteStage();
        }

        public override void OnUpstreamFailure(Exception e)
        {
            _result.TrySetException(e);
            FailStage(e);
        }

        public override void PostStop() => _result.TrySetException(new AbruptStageTerminationException(this));

        private void End()
        {
            try
            {
                _result.TrySetResult(_gatherer.Result());
            }
            catch (Exception failure)
            {
                _result.TrySetException(failure);
            }
        }
    }
}

/// <summary>What a <see cref="GatherSink{T, TResult}"/> does with elements.</summary>
internal abstract class SinkGatherer<T, TResult>
{
    public abstract bool WantsMore(T element);

    public abstract TResult Result();
}

internal sealed class IgnoreGatherer<T> : SinkGatherer<T, Done>
{
    public override bool WantsMore(T element) => true;

    public override Done Result() => Done.Instance;
}

internal sealed class SeqGatherer<T> : SinkGatherer<T, IImmutableList<T>>
{
    private readonly ImmutableList<T>.Builder _elements = ImmutableList.CreateBuilder<T>();

    public override bool WantsMore(T element)
    {
        _elements.Add(element);
        return true;
    }

    public override IImmutableList<T> Result() => _elements.ToImmutable();
}

/// <summary>The first or the last element; without one it fails or gives the default.</summary>
internal sealed class OneGatherer<T>(bool last, bool orDefault) : SinkGatherer<T, T>
{
    private bool _has;
    private T _element = default!;

    public override bool WantsMore(T element)
    {
        _has = true;
        _element = element;
        return last;
    }

    public override T Result() => _has || orDefault
        ? _element
        : throw new NoSuchElementException($"{(last ? "Last" : "First")} of empty stream");
}

/// <summary>Calls back when the stream ends.</summary>
internal sealed class OnCompleteSink<T>(Action success, Action<Exception> failure) : GraphStage<SinkShape<T>>
{
    private readonly Inlet<T> _in = new("onComplete.in");
    private SinkShape<T>? _shape;

    public override SinkShape<T> Shape => _shape ??= new SinkShape<T>(_in);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, success, failure);

    private sealed class Logic : InGraphStageLogic
    {
        private readonly OnCompleteSink<T> _stage;
        private readonly Action _success;
        private readonly Action<Exception> _failure;
        private bool _told;

        public Logic(OnCompleteSink<T> stage, Action success, Action<Exception> failure)
            : base(stage.Shape)
        {
            _stage = stage;
            _success = success;
            _failure = failure;
            SetHandler(stage._in, this);
        }

        public override void PreStart() => Pull(_stage._in);

        public override void OnPush()
        {
            Grab(_stage._in);
            Pull(_stage._in);
        }

        public override void OnUpstreamFinish()
        {
            _told = true;
            _success();
            CompleteStage();
        }

        public override void OnUpstreamFailure(Exception e)
        {
            _told = true;
            _failure(e);
            FailStage(e);
        }

        public override void PostStop()
        {
            if (!_told)
            {
                _failure(new AbruptStageTerminationException(this));
            }
        }
    }
}

/// <summary>Cancels at once.</summary>
internal sealed class CancelledSink<T> : GraphStage<SinkShape<T>>
{
    private readonly Inlet<T> _in = new("cancelled.in");

    public CancelledSink() => Shape = new SinkShape<T>(_in);

    public override SinkShape<T> Shape { get; }

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this);

    private sealed class Logic : InGraphStageLogic
    {
        private readonly CancelledSink<T> _stage;

        public Logic(CancelledSink<T> stage)
            : base(stage.Shape)
        {
            _stage = stage;
            SetHandler(stage._in, this);
        }

        public override void PreStart() => Cancel(_stage._in);

        public override void OnPush()
        {
        }
    }
}
