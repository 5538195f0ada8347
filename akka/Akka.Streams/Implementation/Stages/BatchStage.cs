using Akka.Streams.Stage;
using Akka.Streams.Supervision;

namespace Akka.Streams.Implementation.Stages;

/// <summary>
/// Gathers elements into one while downstream is slower than upstream, up to a weight. Without a waiting batch an element
/// goes through at once, alone.
/// </summary>
internal sealed class BatchStage<TIn, TOut>(long max, Func<TIn, long> costFunction, Func<TIn, TOut> seed, Func<TOut, TIn, TOut> aggregate)
    : LinearStage<TIn, TOut>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) =>
        new Logic(this, max, costFunction, seed, aggregate, inheritedAttributes);

    private sealed class Logic(
        BatchStage<TIn, TOut> stage, long max, Func<TIn, long> costFunction, Func<TIn, TOut> seed, Func<TOut, TIn, TOut> aggregate, Attributes attributes)
        : LinearLogic<TIn, TOut>(stage, attributes)
    {
        private bool _hasBatch;
        private TOut _batch = default!;
        private readonly long _max = max;
        private long _left = max;

        /// <summary>An element that was too heavy for the current batch and begins the next.</summary>
        private bool _hasPending;
        private TIn _pending = default!;

        public override void PreStart() => Pull(In);

        public override void OnPush()
        {
            TIn element = Grab(In);
            long cost;
            try
            {
                cost = costFunction(element);
                if (!_hasBatch)
                {
                    Begin(element, cost);
                }
                else if (_left < cost)
                {
                    _pending = element;
                    _hasPending = true;
                }
                else
                {
                    _left -= cost;
                    _batch = aggregate(_batch, element);
                }
            }
            catch (Exception failure)
            {
                if (!Survives(failure))
                {
                    return;
                }
            }

            if (IsAvailable(Out))
            {
                Flush();
            }

            if (!_hasPending)
            {
                TryPull(In);
            }
        }

        public override void OnPull()
        {
            if (!_hasBatch)
            {
                if (IsClosed(In))
                {
                    CompleteStage();
                }
                else
                {
                    TryPull(In);
                }

                return;
            }

            Flush();
            if (IsClosed(In) && !_hasBatch)
            {
                CompleteStage();
            }
            else if (!IsClosed(In) && !_hasPending)
            {
                TryPull(In);
            }
        }

        public override void OnUpstreamFinish()
        {
            if (!_hasBatch)
            {
                CompleteStage();
            }
        }

        private void Begin(TIn element, long cost)
        {
            _left = _max - cost;
            _batch = seed(element);
            _hasBatch = true;
        }

        private void Flush()
        {
            if (!_hasBatch)
            {
                return;
            }

            Push(Out, _batch);
            _batch = default!;
            _hasBatch = false;
            _left = _max;
            if (!_hasPending)
            {
                return;
            }

            TIn pending = _pending;
            _pending = default!;
            _hasPending = false;
            try
            {
                Begin(pending, costFunction(pending));
            }
            catch (Exception failure)
            {
                Survives(failure);
            }
        }

        private bool Survives(Exception failure)
        {
            switch (Decide(failure))
            {
                case Directive.Stop:
                    FailStage(failure);
                    return false;
                case Directive.Restart:
                    _hasBatch = false;
                    _hasPending = false;
                    _left = _max;
                    return true;
                default:
                    return true;
            }
        }
    }
}
