using Akka.Streams.Stage;

namespace Akka.Streams.Implementation.Stages;

/// <summary>Groups of a fixed number of elements; the last may be smaller.</summary>
internal sealed class GroupedStage<T>(int count) : LinearStage<T, IEnumerable<T>>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, count, inheritedAttributes);

    private sealed class Logic(GroupedStage<T> stage, int count, Attributes attributes) : LinearLogic<T, IEnumerable<T>>(stage, attributes)
    {
        private List<T> _group = new(count);

        public override void OnPush()
        {
            _group.Add(Grab(In));
            if (_group.Count < count)
            {
                Pull(In);
                return;
            }

            List<T> full = _group;
            _group = new List<T>(count);
            Push(Out, full);
        }

        public override void OnUpstreamFinish()
        {
            // A started group means that downstream has asked: elements are pulled only on demand.
            if (_group.Count > 0)
            {
                Push(Out, _group);
            }

            CompleteStage();
        }
    }
}

/// <summary>
/// Groups that end by weight, by number or by time since the group before was emitted. An element heavier than the
/// maximum makes a group of its own.
/// </summary>
internal sealed class GroupedWithinStage<T>(long maxWeight, int maxNumber, Func<T, long> costFunction, TimeSpan interval)
    : LinearStage<T, IEnumerable<T>>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) =>
        new Logic(this, maxWeight, maxNumber, costFunction, interval);

    private sealed class Logic : TimerGraphStageLogic
    {
        private static readonly object Timer = new();

        private readonly GroupedWithinStage<T> _stage;
        private readonly long _maxWeight;
        private readonly int _maxNumber;
        private readonly Func<T, long> _cost;
        private readonly TimeSpan _interval;
        private List<T> _group = [];
        private long _weight;

        /// <summary>The time is up, or the group is full: emit as soon as downstream asks.</summary>
        private bool _isDue;
        private bool _hasPending;
        private T _pending = default!;
        private long _pendingWeight;

        public Logic(GroupedWithinStage<T> stage, long maxWeight, int maxNumber, Func<T, long> cost, TimeSpan interval)
            : base(stage.Shape)
        {
            _stage = stage;
            _maxWeight = maxWeight;
            _maxNumber = maxNumber;
            _cost = cost;
            _interval = interval;
            SetHandler(stage.In, OnPush, OnUpstreamFinish);
            SetHandler(stage.Out, OnPull);
        }

        public override void PreStart()
        {
            ScheduleRepeatedly(Timer, _interval);
            Pull(_stage.In);
        }

        public override void OnTimer(object timerKey)
        {
            if (_group.Count > 0)
            {
                _isDue = true;
                TryEmit();
            }
        }

        private void OnPush()
        {
            T element = Grab(_stage.In);
            long weight = _cost(element);
            if (weight < 0)
            {
                FailStage(new ArgumentException($"Negative weight [{weight}] for element [{element}] is not allowed"));
                return;
            }

            if (_group.Count > 0 && _weight + weight > _maxWeight)
            {
                _pending = element;
                _pendingWeight = weight;
                _hasPending = true;
                _isDue = true;
            }
            else
            {
                Add(element, weight);
            }

            TryEmit();
            PullIfRoom();
        }

        private void OnPull()
        {
            TryEmit();
            PullIfRoom();
        }

        private void OnUpstreamFinish()
        {
            _isDue = _group.Count > 0;
            if (_isDue)
            {
                TryEmit();
            }

            CompleteIfDone();
        }

        private void Add(T element, long weight)
        {
            _group.Add(element);
            _weight += weight;
            _isDue |= _weight >= _maxWeight || _group.Count >= _maxNumber;
        }

        private void TryEmit()
        {
            if (!_isDue || !IsAvailable(_stage.Out))
            {
                return;
            }

            List<T> group = _group;
            _group = [];
            _weight = 0;
            _isDue = false;
            Push(_stage.Out, group);
            ScheduleRepeatedly(Timer, _interval);
            if (_hasPending)
            {
                _hasPending = false;
                Add(_pending, _pendingWeight);
                _pending = default!;
            }

            _isDue |= IsClosed(_stage.In) && _group.Count > 0;
            CompleteIfDone();
        }

        private void PullIfRoom()
        {
            if (!_isDue && !_hasPending)
            {
                TryPull(_stage.In);
            }
        }

        private void CompleteIfDone()
        {
            if (IsClosed(_stage.In) && _group.Count == 0 && !_hasPending)
            {
                CompleteStage();
            }
        }
    }
}
