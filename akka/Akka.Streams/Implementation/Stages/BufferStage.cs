using Akka.Streams.Stage;

namespace Akka.Streams.Implementation.Stages;

/// <summary>Holds elements between a faster upstream and a slower downstream.</summary>
internal sealed class BufferStage<T>(int size, OverflowStrategy strategy) : LinearStage<T, T>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, size, strategy, inheritedAttributes);

    private sealed class Logic(BufferStage<T> stage, int size, OverflowStrategy strategy, Attributes attributes) : LinearLogic<T, T>(stage, attributes)
    {
        private readonly LinkedList<T> _buffer = [];

        public override void PreStart() => Pull(In);

        public override void OnPush()
        {
            T element = Grab(In);
            if (_buffer.Count == 0 && IsAvailable(Out))
            {
                Push(Out, element);
                Pull(In);
                return;
            }

            if (_buffer.Count >= size && !MakeRoom())
            {
                return;
            }

            if (_buffer.Count < size)
            {
                _buffer.AddLast(element);
            }

            if (strategy != OverflowStrategy.Backpressure || _buffer.Count < size)
            {
                TryPull(In);
            }
        }

        public override void OnPull()
        {
            if (_buffer.First is { } first)
            {
                _buffer.RemoveFirst();
                Push(Out, first.Value);
            }

            if (!IsClosed(In))
            {
                TryPull(In);
            }
            else if (_buffer.Count == 0)
            {
                CompleteStage();
            }
        }

        public override void OnUpstreamFinish()
        {
            if (_buffer.Count == 0)
            {
                CompleteStage();
            }
        }

        /// <summary>Applies the strategy to a full buffer; false when the stream failed.</summary>
        private bool MakeRoom()
        {
            switch (strategy)
            {
                case OverflowStrategy.DropHead:
                    _buffer.RemoveFirst();
                    return true;
                case OverflowStrategy.DropTail:
                    _buffer.RemoveLast();
                    return true;
                case OverflowStrategy.DropBuffer:
                    _buffer.Clear();
                    return true;
                case OverflowStrategy.DropNew:
                    return true;
                case OverflowStrategy.Fail:
                    FailStage(new BufferOverflowException($"Buffer overflow (max capacity was {size})"));
                    return false;
                default:
                    throw new InvalidOperationException("An element was pushed into a full buffer that had not asked for it.");
            }
        }
    }
}
