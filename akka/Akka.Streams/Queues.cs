namespace Akka.Streams;

/// <summary>What became of an offered element.</summary>
public interface IQueueOfferResult
{
}

public sealed class QueueOfferResult
{
    /// <summary>It was taken.</summary>
    public sealed class Enqueued : IQueueOfferResult
    {
        public static readonly Enqueued Instance = new();

        private Enqueued()
        {
        }
    }

    /// <summary>It was dropped by the overflow strategy.</summary>
    public sealed class Dropped : IQueueOfferResult
    {
        public static readonly Dropped Instance = new();

        private Dropped()
        {
        }
    }

    /// <summary>The stream failed because of it.</summary>
    public sealed class Failure : IQueueOfferResult
    {
        public Failure(Exception cause) => Cause = cause;

        public Exception Cause { get; }
    }

    /// <summary>The stream was completed before it could be taken.</summary>
    public sealed class QueueClosed : IQueueOfferResult
    {
        public static readonly QueueClosed Instance = new();

        private QueueClosed()
        {
        }
    }
}

/// <summary>Puts elements into a running stream, from anywhere.</summary>
public interface ISourceQueue<in T>
{
    /// <summary>
    /// Offers an element. With <see cref="OverflowStrategy.Backpressure"/> the task completes when there is room, and only one
    /// offer may wait. Fails with <see cref="StreamDetachedException"/> once the stream has ended.
    /// </summary>
    Task<IQueueOfferResult> OfferAsync(T element);

    /// <summary>Completes when the stream has completed, fails when it has failed.</summary>
    Task WatchCompletionAsync();
}

public interface ISourceQueueWithComplete<in T> : ISourceQueue<T>
{
    /// <summary>Completes the stream after what is buffered.</summary>
    void Complete();

    /// <summary>Fails the stream at once.</summary>
    void Fail(Exception ex);
}
