using Akka.Streams.Stage;
using Akka.Streams.Supervision;
using Akka.Util;

namespace Akka.Streams.Implementation.Stages;

/// <summary>One element out for each element in, or none.</summary>
internal sealed class SelectStage<TIn, TOut>(Func<TIn, TOut> mapper) : LinearStage<TIn, TOut>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, mapper, inheritedAttributes);

    private sealed class Logic(SelectStage<TIn, TOut> stage, Func<TIn, TOut> mapper, Attributes attributes)
        : LinearLogic<TIn, TOut>(stage, attributes)
    {
        public override void OnPush()
        {
            TOut mapped;
            try
            {
                mapped = mapper(Grab(In));
            }
            catch (Exception failure)
            {
                if (Decide(failure) == Directive.Stop)
                {
                    FailStage(failure);
                }
                else
                {
                    TryPull(In);
                }

                return;
            }

            Push(Out, mapped);
        }
    }
}

internal sealed class WhereStage<T>(Predicate<T> predicate) : LinearStage<T, T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, predicate, inheritedAttributes);

    private sealed class Logic(WhereStage<T> stage, Predicate<T> predicate, Attributes attributes) : LinearLogic<T, T>(stage, attributes)
    {
        public override void OnPush()
        {
            T element = Grab(In);
            bool fits;
            try
            {
                fits = predicate(element);
            }
            catch (Exception failure)
            {
                if (Decide(failure) == Directive.Stop)
                {
                    FailStage(failure);
                    return;
                }

                fits = false;
            }

            if (fits)
            {
                Push(Out, element);
            }
            else
            {
                TryPull(In);
            }
        }
    }
}

/// <summary>Passes elements while the predicate holds.</summary>
internal sealed class TakeWhileStage<T>(Predicate<T> predicate, bool inclusive) : LinearStage<T, T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, predicate, inclusive, inheritedAttributes);

    private sealed class Logic(TakeWhileStage<T> stage, Predicate<T> predicate, bool inclusive, Attributes attributes)
        : LinearLogic<T, T>(stage, attributes)
    {
        public override void OnPush()
        {
            T element = Grab(In);
            bool goesOn;
            try
            {
                goesOn = predicate(element);
            }
            catch (Exception failure)
            {
                if (Decide(failure) == Directive.Stop)
                {
                    FailStage(failure);
                }
                else
                {
                    TryPull(In);
                }

                return;
            }

            if (goesOn || inclusive)
            {
                Push(Out, element);
            }

            if (!goesOn)
            {
                CompleteStage();
            }
        }
    }
}

internal sealed class SkipWhileStage<T>(Predicate<T> predicate) : LinearStage<T, T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, predicate, inheritedAttributes);

    private sealed class Logic(SkipWhileStage<T> stage, Predicate<T> predicate, Attributes attributes) : LinearLogic<T, T>(stage, attributes)
    {
        private bool _skipping = true;

        public override void OnPush()
        {
            T element = Grab(In);
            try
            {
                _skipping = _skipping && predicate(element);
            }
            catch (Exception failure) when (Decide(failure) != Directive.Stop)
            {
                TryPull(In);
                return;
            }

            if (_skipping)
            {
                TryPull(In);
            }
            else
            {
                Push(Out, element);
            }
        }
    }
}

internal sealed class TakeStage<T>(long count) : LinearStage<T, T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, count, inheritedAttributes);

    private sealed class Logic(TakeStage<T> stage, long left, Attributes attributes) : LinearLogic<T, T>(stage, attributes)
    {
        private long _left = left;

        public override void PreStart()
        {
            if (_left <= 0)
            {
                CompleteStage();
            }
        }

        public override void OnPush()
        {
            Push(Out, Grab(In));
            if (--_left <= 0)
            {
                CompleteStage();
            }
        }
    }
}

internal sealed class SkipStage<T>(long count) : LinearStage<T, T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, count, inheritedAttributes);

    private sealed class Logic(SkipStage<T> stage, long left, Attributes attributes) : LinearLogic<T, T>(stage, attributes)
    {
        private long _left = left;

        public override void OnPush()
        {
            T element = Grab(In);
            if (_left > 0)
            {
                _left--;
                Pull(In);
            }
            else
            {
                Push(Out, element);
            }
        }
    }
}

/// <summary>Many elements out for each element in.</summary>
internal sealed class SelectManyStage<TIn, TOut>(Func<TIn, IEnumerable<TOut>> mapper) : LinearStage<TIn, TOut>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, mapper, inheritedAttributes);

    private sealed class Logic(SelectManyStage<TIn, TOut> stage, Func<TIn, IEnumerable<TOut>> mapper, Attributes attributes)
        : LinearLogic<TIn, TOut>(stage, attributes)
    {
        private IEnumerator<TOut>? _current;

        public override void OnPush()
        {
            try
            {
                _current = mapper(Grab(In)).GetEnumerator();
            }
            catch (Exception failure)
            {
                Failed(failure);
                return;
            }

            PushNext();
        }

        public override void OnPull() => PushNext();

        public override void OnUpstreamFinish()
        {
            if (_current is null)
            {
                CompleteStage();
            }
        }

        public override void PostStop() => _current?.Dispose();

        private void PushNext()
        {
            try
            {
                if (_current is not null && _current.MoveNext())
                {
                    Push(Out, _current.Current);
                    return;
                }
            }
            catch (Exception failure)
            {
                Failed(failure);
                return;
            }

            _current?.Dispose();
            _current = null;
            PullOrComplete();
        }

        private void Failed(Exception failure)
        {
            if (Decide(failure) == Directive.Stop)
            {
                FailStage(failure);
                return;
            }

            _current = null;
            PullOrComplete();
        }

        private void PullOrComplete()
        {
            if (IsClosed(In))
            {
                CompleteStage();
            }
            else
            {
                TryPull(In);
            }
        }
    }
}

/// <summary>Combines each element with the state so far; emits the states.</summary>
internal sealed class ScanStage<TIn, TOut>(TOut zero, Func<TOut, TIn, TOut> aggregate) : LinearStage<TIn, TOut>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, zero, aggregate, inheritedAttributes);

    private sealed class Logic(ScanStage<TIn, TOut> stage, TOut zero, Func<TOut, TIn, TOut> aggregate, Attributes attributes)
        : LinearLogic<TIn, TOut>(stage, attributes)
    {
        private readonly TOut _zero = zero;
        private TOut _state = zero;
        private bool _zeroEmitted;
        private bool _finished;

        public override void OnPull()
        {
            if (_zeroEmitted)
            {
                Pull(In);
                return;
            }

            _zeroEmitted = true;
            Push(Out, _state);
            if (_finished)
            {
                CompleteStage();
            }
        }

        public override void OnPush()
        {
            try
            {
                _state = aggregate(_state, Grab(In));
            }
            catch (Exception failure)
            {
                switch (Decide(failure))
                {
                    case Directive.Stop:
                        FailStage(failure);
                        return;
                    case Directive.Restart:
                        _state = _zero;
                        break;
                    default:
                        TryPull(In);
                        return;
                }
            }

            Push(Out, _state);
        }

        public override void OnUpstreamFinish()
        {
            _finished = true;
            if (_zeroEmitted)
            {
                CompleteStage();
            }
        }
    }
}

/// <summary>Combines all elements; emits the result at the end.</summary>
internal sealed class AggregateStage<TIn, TOut>(TOut zero, Func<TOut, TIn, TOut> aggregate) : LinearStage<TIn, TOut>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, zero, aggregate, inheritedAttributes);

    private sealed class Logic(AggregateStage<TIn, TOut> stage, TOut zero, Func<TOut, TIn, TOut> aggregate, Attributes attributes)
        : LinearLogic<TIn, TOut>(stage, attributes)
    {
        private readonly TOut _zero = zero;
        private TOut _state = zero;

        public override void OnPull()
        {
            if (IsClosed(In))
            {
                Emit();
            }
            else
            {
                TryPull(In);
            }
        }

        public override void OnPush()
        {
            try
            {
                _state = aggregate(_state, Grab(In));
            }
            catch (Exception failure)
            {
                switch (Decide(failure))
                {
                    case Directive.Stop:
                        FailStage(failure);
                        return;
                    case Directive.Restart:
                        _state = _zero;
                        break;
                }
            }

            TryPull(In);
        }

        public override void OnUpstreamFinish()
        {
            if (IsAvailable(Out))
            {
                Emit();
            }
        }

        private void Emit()
        {
            Push(Out, _state);
            CompleteStage();
        }
    }
}

/// <summary>Replaces a failure by a last element.</summary>
internal sealed class RecoverStage<T>(Func<Exception, Option<T>> partialFunction) : LinearStage<T, T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, partialFunction, inheritedAttributes);

    private sealed class Logic(RecoverStage<T> stage, Func<Exception, Option<T>> partialFunction, Attributes attributes)
        : LinearLogic<T, T>(stage, attributes)
    {
        private Option<T> _last = Option<T>.None;

        public override void OnPush() => Push(Out, Grab(In));

        public override void OnPull()
        {
            if (_last.HasValue)
            {
                Push(Out, _last.Value);
                CompleteStage();
            }
            else
            {
                Pull(In);
            }
        }

        public override void OnUpstreamFailure(Exception e)
        {
            _last = partialFunction(e);
            if (!_last.HasValue)
            {
                FailStage(e);
            }
            else if (IsAvailable(Out))
            {
                Push(Out, _last.Value);
                CompleteStage();
            }
        }
    }
}

/// <summary>Passes everything on; what an empty flow consists of.</summary>
internal sealed class IdentityStage<T> : LinearStage<T, T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, inheritedAttributes);

    private sealed class Logic(IdentityStage<T> stage, Attributes attributes) : LinearLogic<T, T>(stage, attributes)
    {
        public override void OnPush() => Push(Out, Grab(In));
    }
}
