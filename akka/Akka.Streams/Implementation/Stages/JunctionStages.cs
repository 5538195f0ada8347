using Akka.Streams.Stage;

namespace Akka.Streams.Implementation.Stages;

/// <summary>Two streams into one, elements as they come.</summary>
internal sealed class MergeStage<TIn1, TIn2, TOut>(bool eagerComplete) : GraphStage<JunctionShape>
    where TIn1 : TOut
    where TIn2 : TOut
{
    private readonly Inlet<TIn1> _in0 = new("merge.in0");
    private readonly Inlet<TIn2> _in1 = new("merge.in1");
    private readonly Outlet<TOut> _out = new("merge.out");
    private JunctionShape? _shape;

    public override JunctionShape Shape => _shape ??= new JunctionShape([_in0, _in1], [_out]);

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, eagerComplete);

    private sealed class Logic : GraphStageLogic
    {
        private readonly MergeStage<TIn1, TIn2, TOut> _stage;
        private readonly bool _eagerComplete;

        /// <summary>Inlets whose element waits for downstream, in the order they came: fair to both.</summary>
        private readonly Queue<int> _waiting = new();
        private int _open = 2;

        public Logic(MergeStage<TIn1, TIn2, TOut> stage, bool eagerComplete)
            : base(stage.Shape)
        {
            _stage = stage;
            _eagerComplete = eagerComplete;
            SetHandler(stage._in0, () => Came(0), Finished);
            SetHandler(stage._in1, () => Came(1), Finished);
            SetHandler(stage._out, OnPull);
        }

        public override void PreStart()
        {
            Pull(_stage._in0);
            Pull(_stage._in1);
        }

        private void OnPull()
        {
            if (_waiting.TryDequeue(out int inlet))
            {
                PassOn(inlet);
            }
        }

        private void Came(int inlet)
        {
            if (IsAvailable(_stage._out))
            {
                PassOn(inlet);
            }
            else
            {
                _waiting.Enqueue(inlet);
            }
        }

        private void PassOn(int inlet)
        {
            if (inlet == 0)
            {
                Push<TOut>(_stage._out, Grab(_stage._in0));
                TryPull(_stage._in0);
            }
            else
            {
                Push<TOut>(_stage._out, Grab(_stage._in1));
                TryPull(_stage._in1);
            }

            CompleteIfDone();
        }

        private void Finished()
        {
            _open--;
            if (_eagerComplete)
            {
                CompleteStage();
            }
            else
            {
                CompleteIfDone();
            }
        }

        private void CompleteIfDone()
        {
            if (_open == 0 && _waiting.Count == 0)
            {
                CompleteStage();
            }
        }
    }
}

/// <summary>One stream after the other.</summary>
internal sealed class ConcatStage<T> : GraphStage<JunctionShape>
{
    private readonly Inlet<T>[] _ins = [new("concat.in0"), new("concat.in1")];
    private readonly Outlet<T> _out = new("concat.out");

    public ConcatStage() => Shape = new JunctionShape([.. _ins], [_out]);

    public override JunctionShape Shape { get; }

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this);

    private sealed class Logic : GraphStageLogic
    {
        private readonly ConcatStage<T> _stage;
        private int _active;

        public Logic(ConcatStage<T> stage)
            : base(stage.Shape)
        {
            _stage = stage;
            SetHandler(stage._ins[0], () => Push(stage._out, Grab(stage._ins[0])), () => Finished(0));
            SetHandler(stage._ins[1], () => Push(stage._out, Grab(stage._ins[1])), () => Finished(1));
            SetHandler(stage._out, () => TryPull(stage._ins[_active]));
        }

        private void Finished(int inlet)
        {
            if (inlet != _active)
            {
                return;
            }

            _active = 1;
            if (inlet == 1 || IsClosed(_stage._ins[1]))
            {
                CompleteStage();
            }
            else if (IsAvailable(_stage._out))
            {
                Pull(_stage._ins[1]);
            }
        }
    }
}

/// <summary>One stream into two; goes on at the pace of the slower, and with one when the other cancels.</summary>
internal sealed class BroadcastStage<T> : GraphStage<JunctionShape>
{
    private readonly Inlet<T> _in = new("broadcast.in");
    private readonly Outlet<T>[] _outs = [new("broadcast.out0"), new("broadcast.out1")];

    public BroadcastStage() => Shape = new JunctionShape([_in], [.. _outs]);

    public override JunctionShape Shape { get; }

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this);

    private sealed class Logic : GraphStageLogic
    {
        private readonly BroadcastStage<T> _stage;

        public Logic(BroadcastStage<T> stage)
            : base(stage.Shape)
        {
            _stage = stage;
            SetHandler(stage._in, OnPush);
            foreach (Outlet<T> outlet in stage._outs)
            {
                SetHandler(outlet, PullIfAllAsked, Cancelled);
            }
        }

        private void OnPush()
        {
            T element = Grab(_stage._in);
            foreach (Outlet<T> outlet in _stage._outs.Where(outlet => !IsClosed(outlet)))
            {
                Push(outlet, element);
            }
        }

        private void PullIfAllAsked()
        {
            if (_stage._outs.All(outlet => IsClosed(outlet) || IsAvailable(outlet)))
            {
                TryPull(_stage._in);
            }
        }

        private void Cancelled(Exception cause)
        {
            if (_stage._outs.All(IsClosed))
            {
                CancelStage(cause);
            }
            else
            {
                PullIfAllAsked();
            }
        }
    }
}
