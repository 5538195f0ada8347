using Akka.Streams.Stage;

namespace Akka.Streams.Implementation.Stages;

/// <summary>Limits the rate of elements, or of their cost, by a token bucket.</summary>
internal sealed class ThrottleStage<T>(int cost, TimeSpan per, int maximumBurst, Func<T, int> costCalculation, ThrottleMode mode)
    : LinearStage<T, T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) =>
        new Logic(this, cost, per, maximumBurst, costCalculation, mode);

    private sealed class Logic : TimerGraphStageLogic
    {
        private static readonly object Timer = new();

        private readonly ThrottleStage<T> _stage;
        private readonly double _tokensPerTick;
        private readonly double _capacity;
        private readonly Func<T, int> _cost;
        private readonly ThrottleMode _mode;
        private readonly TimeProvider _clock = TimeProvider.System;
        private double _tokens;
        private long _lastUpdate;
        private bool _hasWaiting;
        private T _waiting = default!;

        public Logic(ThrottleStage<T> stage, int cost, TimeSpan per, int maximumBurst, Func<T, int> costCalculation, ThrottleMode mode)
            : base(stage.Shape)
        {
            _stage = stage;
            _tokensPerTick = (double)cost / per.Ticks;
            _capacity = maximumBurst;
            _tokens = maximumBurst;
            _cost = costCalculation;
            _mode = mode;
            SetHandler(stage.In, OnPush, OnUpstreamFinish);
            SetHandler(stage.Out, () => Pull(stage.In));
        }

        public override void PreStart() => _lastUpdate = _clock.GetTimestamp();

        public override void OnTimer(object timerKey)
        {
            _hasWaiting = false;
            Push(_stage.Out, _waiting);
            _waiting = default!;
            if (IsClosed(_stage.In))
            {
                CompleteStage();
            }
        }

        private void OnPush()
        {
            T element = Grab(_stage.In);
            int cost = _cost(element);
            TimeSpan delay = Offer(cost);
            if (delay <= TimeSpan.Zero)
            {
                Push(_stage.Out, element);
            }
            else if (_mode == ThrottleMode.Enforcing)
            {
                FailStage(new OverflowException("Maximum throttle throughput exceeded"));
            }
            else
            {
                _waiting = element;
                _hasWaiting = true;
                ScheduleOnce(Timer, delay);
            }
        }

        private void OnUpstreamFinish()
        {
            if (!_hasWaiting)
            {
                CompleteStage();
            }
        }

        /// <summary>Takes the tokens, now or in advance; returns how long until they are there.</summary>
        private TimeSpan Offer(int cost)
        {
            long now = _clock.GetTimestamp();
            double elapsed = _clock.GetElapsedTime(_lastUpdate, now).Ticks;
            _lastUpdate = now;
            _tokens = Math.Min(Math.Max(_capacity, 0), _tokens + (elapsed * _tokensPerTick)) - cost;
            return _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromTicks((long)Math.Ceiling(-_tokens / _tokensPerTick));
        }
    }
}
