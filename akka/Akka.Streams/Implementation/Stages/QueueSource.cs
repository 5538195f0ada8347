using Akka.Streams.Stage;

namespace Akka.Streams.Implementation.Stages;

/// <summary>
/// A source that is fed by offers. Offers go through an inbox of the stage rather than the actor's mailbox: so none is
/// lost when the stream ends, and one wake-up serves many.
/// </summary>
internal sealed class QueueSource<T>(int maxBuffer, OverflowStrategy strategy)
    : GraphStageWithMaterializedValue<SourceShape<T>, ISourceQueueWithComplete<T>>
{
    private readonly Outlet<T> _out = new("queueSource.out");
    private SourceShape<T>? _shape;

    public override SourceShape<T> Shape => _shape ??= new SourceShape<T>(_out);

    public override ILogicAndMaterializedValue<ISourceQueueWithComplete<T>> CreateLogicAndMaterializedValue(Attributes inheritedAttributes)
    {
        Logic logic = new(this, maxBuffer, strategy);
        return new LogicAndMaterializedValue<ISourceQueueWithComplete<T>>(logic, logic);
    }

    private sealed class Offer(T element) : TaskCompletionSource<IQueueOfferResult>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public T Element { get; } = element;
    }

    private sealed record Completion;

    private sealed record Failing(Exception Cause);

    private sealed class Logic : OutGraphStageLogic, ISourceQueueWithComplete<T>
    {
        private readonly QueueSource<T> _stage;
        private readonly int _maxBuffer;
        private readonly OverflowStrategy _strategy;
        private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Action _inboxFilled;
        private readonly Lock _inboxLock = new();
        private readonly LinkedList<T> _buffer = [];
        private Queue<object> _inbox = new();
        private Queue<object> _work = new();
        private bool _detached;

        /// <summary>The one offer that waits for room.</summary>
        private Offer? _pending;
        private bool _terminating;

        public Logic(QueueSource<T> stage, int maxBuffer, OverflowStrategy strategy)
            : base(stage.Shape)
        {
            _stage = stage;
            _maxBuffer = maxBuffer;
            _strategy = strategy;
            _inboxFilled = GetAsyncCallback(WorkOffInbox);
            SetHandler(stage._out, this);
        }

        public Task<IQueueOfferResult> OfferAsync(T element)
        {
            Offer offer = new(element);
            if (!Send(offer))
            {
                offer.SetException(StreamDetachedException.Instance);
            }

            return offer.Task;
        }

        public void Complete() => Send(new Completion());

        void ISourceQueueWithComplete<T>.Fail(Exception ex) => Send(new Failing(ex));

        public Task WatchCompletionAsync() => _completion.Task;

        public override void OnPull()
        {
            if (_buffer.First is { } first)
            {
                _buffer.RemoveFirst();
                Push(_stage._out, first.Value);
                if (_pending is not null)
                {
                    Enqueue(_pending);
                    _pending = null;
                }
            }
            else if (_pending is not null)
            {
                Push(_stage._out, _pending.Element);
                _pending.TrySetResult(QueueOfferResult.Enqueued.Instance);
                _pending = null;
            }

            CompleteIfDrained();
        }

        public override void OnDownstreamFinish(Exception cause)
        {
            _pending?.TrySetResult(QueueOfferResult.QueueClosed.Instance);
            _pending = null;
            _terminating = true;
            if (cause is SubscriptionWithCancelException.NonFailureCancellation)
            {
                _completion.TrySetResult();
            }
            else
            {
                _completion.TrySetException(cause);
            }

            CancelStage(cause);
        }

        public override void PostStop()
        {
            Queue<object> rest;
            lock (_inboxLock)
            {
                _detached = true;
                rest = _inbox;
                _inbox = new Queue<object>();
            }

            foreach (Offer offer in _work.Concat(rest).OfType<Offer>())
            {
                offer.TrySetException(StreamDetachedException.Instance);
            }

            _pending?.TrySetException(StreamDetachedException.Instance);
            _completion.TrySetException(new AbruptStageTerminationException(this));
        }

        private bool Send(object command)
        {
            bool wasEmpty;
            lock (_inboxLock)
            {
                if (_detached)
                {
                    return false;
                }

                wasEmpty = _inbox.Count == 0;
                _inbox.Enqueue(command);
            }

            if (wasEmpty)
            {
                _inboxFilled();
            }

            return true;
        }

        private void WorkOffInbox()
        {
            lock (_inboxLock)
            {
                (_inbox, _work) = (_work, _inbox);
            }

            while (_work.TryDequeue(out object? command))
            {
                switch (command)
                {
                    case Offer offer:
                        Handle(offer);
                        break;
                    case Completion:
                        _terminating = true;
                        CompleteIfDrained();
                        break;
                    case Failing failing:
                        _terminating = true;
                        _completion.TrySetException(failing.Cause);
                        FailStage(failing.Cause);
                        break;
                }
            }
        }

        private void Handle(Offer offer)
        {
            if (_terminating)
            {
                offer.TrySetResult(QueueOfferResult.QueueClosed.Instance);
            }
            else if (_buffer.Count == 0 && IsAvailable(_stage._out))
            {
                Push(_stage._out, offer.Element);
                offer.TrySetResult(QueueOfferResult.Enqueued.Instance);
            }
            else if (_buffer.Count < _maxBuffer)
            {
                Enqueue(offer);
            }
            else
            {
                Overflow(offer);
            }
        }

        private void Overflow(Offer offer)
        {
            switch (_strategy)
            {
                case OverflowStrategy.Backpressure when _pending is null:
                    _pending = offer;
                    break;
                case OverflowStrategy.Backpressure:
                    offer.TrySetException(new InvalidOperationException(
                        "You have to wait for previous offer to be resolved to send another request"));
                    break;
                case OverflowStrategy.Fail:
                    BufferOverflowException overflow = new($"Buffer overflow (max capacity was: {_maxBuffer})!");
                    offer.TrySetResult(new QueueOfferResult.Failure(overflow));
                    _terminating = true;
                    _completion.TrySetException(overflow);
                    FailStage(overflow);
                    break;
                case OverflowStrategy.DropNew:
                    offer.TrySetResult(QueueOfferResult.Dropped.Instance);
                    break;
                default:
                    DropBuffered(offer);
                    break;
            }
        }

        private void DropBuffered(Offer offer)
        {
            if (_maxBuffer == 0)
            {
                // Without a buffer the waiting offer takes its place: it is the oldest and the youngest.
                _pending?.TrySetResult(QueueOfferResult.Dropped.Instance);
                _pending = offer;
                return;
            }

            switch (_strategy)
            {
                case OverflowStrategy.DropHead:
                    _buffer.RemoveFirst();
                    break;
                case OverflowStrategy.DropTail:
                    _buffer.RemoveLast();
                    break;
                default:
                    _buffer.Clear();
                    break;
            }

            Enqueue(offer);
        }

        private void Enqueue(Offer offer)
        {
            _buffer.AddLast(offer.Element);
            offer.TrySetResult(QueueOfferResult.Enqueued.Instance);
        }

        private void CompleteIfDrained()
        {
            if (_terminating && _buffer.Count == 0 && _pending is null)
            {
                _completion.TrySetResult();
                CompleteStage();
            }
        }
    }
}
