using Akka.Streams.Stage;

namespace Akka.Streams;

/// <summary>A buffer with the strategy to fail is full.</summary>
public class BufferOverflowException : Exception
{
    public BufferOverflowException(string message)
        : base(message)
    {
    }

    public BufferOverflowException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The stream has ended; what was offered to it is not taken.</summary>
public class StreamDetachedException : Exception
{
    public static readonly StreamDetachedException Instance = new();

    public StreamDetachedException()
        : this("Stream is terminated. The operation is not supported.")
    {
    }

    public StreamDetachedException(string message)
        : base(message)
    {
    }

    public StreamDetachedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A stream ended without the element that was asked for.</summary>
public class NoSuchElementException : Exception
{
    public NoSuchElementException(string message)
        : base(message)
    {
    }
}

/// <summary>The stream's actor was stopped while the stream ran, as by the materializer's or the system's shutdown.</summary>
public sealed class AbruptStageTerminationException : Exception
{
    public AbruptStageTerminationException(GraphStageLogic logic)
        : base($"GraphStage {logic} terminated abruptly, caused by for example materializer or actor system termination.")
    {
    }
}

/// <summary>Why an upstream was cancelled, where that was no failure.</summary>
public static class SubscriptionWithCancelException
{
    public abstract class NonFailureCancellation : Exception
    {
        protected NonFailureCancellation()
        {
        }
    }

    public sealed class NoMoreElementsNeeded : NonFailureCancellation
    {
        public static readonly NoMoreElementsNeeded Instance = new();

        private NoMoreElementsNeeded()
        {
        }
    }

    public sealed class StageWasCompleted : NonFailureCancellation
    {
        public static readonly StageWasCompleted Instance = new();

        private StageWasCompleted()
        {
        }
    }
}
