using Akka.Streams.Stage;
using Akka.Streams.Supervision;

namespace Akka.Streams.Implementation.Stages;

/// <summary>
/// Runs up to <c>parallelism</c> tasks at once and emits their results in the order of the elements. A failed task is
/// judged when it is at the head of that order by Resume/Restart, and at once by Stop.
/// </summary>
internal sealed class SelectAsyncStage<TIn, TOut>(int parallelism, Func<TIn, Task<TOut>> mapper) : LinearStage<TIn, TOut>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, parallelism, mapper, inheritedAttributes);

    private sealed class Slot
    {
        public bool IsDone;
        public bool IsDropped;
        public TOut? Result;
    }

    private sealed class Logic : LinearLogic<TIn, TOut>
    {
        private readonly int _parallelism;
        private readonly Func<TIn, Task<TOut>> _mapper;
        private readonly Queue<Slot> _slots = new();
        private readonly Action<(Slot Slot, Task<TOut> Task)> _completed;

        public Logic(SelectAsyncStage<TIn, TOut> stage, int parallelism, Func<TIn, Task<TOut>> mapper, Attributes attributes)
            : base(stage, attributes)
        {
            _parallelism = parallelism;
            _mapper = mapper;
            _completed = GetAsyncCallback<(Slot Slot, Task<TOut> Task)>(ended =>
            {
                Complete(ended.Slot, ended.Task);
                PushHead();
            });
        }

        public override void OnPush()
        {
            Slot? slot = null;
            try
            {
                Task<TOut> task = _mapper(Grab(In));
                slot = new Slot();
                _slots.Enqueue(slot);
                if (task.IsCompleted)
                {
                    Complete(slot, task);
                    PushHead();
                }
                else
                {
                    AwaitTask(slot, task);
                }
            }
            catch (Exception failure) when (slot is null)
            {
                if (Decide(failure) == Directive.Stop)
                {
                    FailStage(failure);
                }
            }

            PullIfRoom();
        }

        public override void OnPull()
        {
            PushHead();
            PullIfRoom();
        }

        public override void OnUpstreamFinish()
        {
            if (_slots.Count == 0)
            {
                CompleteStage();
            }
        }

        private void AwaitTask(Slot slot, Task<TOut> task) => task.ContinueWith(
            static (ended, state) =>
            {
                (Logic logic, Slot slot) = ((Logic, Slot))state!;
                logic._completed((slot, ended));
            },
            (this, slot),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);

        private void Complete(Slot slot, Task<TOut> task)
        {
            slot.IsDone = true;
            Exception? failure = TaskFailures.Of(task);
            if (failure is null)
            {
                slot.Result = task.Result;
                if (slot.Result is not null)
                {
                    return;
                }

                failure = new ArgumentNullException(nameof(task), "Element must not be null");
            }

            if (Decide(failure) == Directive.Stop)
            {
                FailStage(failure);
            }
            else
            {
                slot.IsDropped = true;
            }
        }

        private void PushHead()
        {
            while (_slots.TryPeek(out Slot? head) && head.IsDone && (head.IsDropped || IsAvailable(Out)))
            {
                _slots.Dequeue();
                if (!head.IsDropped)
                {
                    Push(Out, head.Result!);
                }
            }

            if (_slots.Count == 0 && IsClosed(In))
            {
                CompleteStage();
            }
            else
            {
                PullIfRoom();
            }
        }

        private void PullIfRoom()
        {
            if (_slots.Count < _parallelism)
            {
                TryPull(In);
            }
        }
    }
}

/// <summary>As <see cref="SelectAsyncStage{TIn, TOut}"/>, with results in the order in which the tasks complete.</summary>
internal sealed class SelectAsyncUnorderedStage<TIn, TOut>(int parallelism, Func<TIn, Task<TOut>> mapper) : LinearStage<TIn, TOut>
{
    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this, parallelism, mapper, inheritedAttributes);

    private sealed class Logic : LinearLogic<TIn, TOut>
    {
        private readonly int _parallelism;
        private readonly Func<TIn, Task<TOut>> _mapper;
        private readonly Queue<TOut> _results = new();
        private readonly Action<Task<TOut>> _completed;
        private int _inFlight;

        public Logic(SelectAsyncUnorderedStage<TIn, TOut> stage, int parallelism, Func<TIn, Task<TOut>> mapper, Attributes attributes)
            : base(stage, attributes)
        {
            _parallelism = parallelism;
            _mapper = mapper;
            _completed = GetAsyncCallback<Task<TOut>>(Complete);
        }

        public override void OnPush()
        {
            Task<TOut> task;
            try
            {
                task = _mapper(Grab(In));
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

            _inFlight++;
            if (task.IsCompleted)
            {
                Complete(task);
            }
            else
            {
                task.ContinueWith(
                    static (ended, state) => ((Logic)state!)._completed(ended),
                    this,
                    CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
            }

            PullIfRoom();
        }

        public override void OnPull()
        {
            if (_results.TryDequeue(out TOut? result))
            {
                Push(Out, result);
            }

            PullOrComplete();
        }

        public override void OnUpstreamFinish()
        {
            if (_inFlight + _results.Count == 0)
            {
                CompleteStage();
            }
        }

        private void Complete(Task<TOut> task)
        {
            _inFlight--;
            Exception? failure = TaskFailures.Of(task);
            if (failure is not null)
            {
                if (Decide(failure) == Directive.Stop)
                {
                    FailStage(failure);
                    return;
                }
            }
            else if (IsAvailable(Out))
            {
                Push(Out, task.Result);
            }
            else
            {
                _results.Enqueue(task.Result);
            }

            PullOrComplete();
        }

        private void PullOrComplete()
        {
            if (IsClosed(In) && _inFlight + _results.Count == 0)
            {
                CompleteStage();
            }
            else
            {
                PullIfRoom();
            }
        }

        private void PullIfRoom()
        {
            if (_inFlight + _results.Count < _parallelism)
            {
                TryPull(In);
            }
        }
    }
}

internal static class TaskFailures
{
    /// <summary>Why a completed task failed; null if it did not.</summary>
    public static Exception? Of(Task task) => task.IsCanceled
        ? new TaskCanceledException(task)
        : task.Exception is { InnerExceptions: [Exception only] } ? only : task.Exception;
}
