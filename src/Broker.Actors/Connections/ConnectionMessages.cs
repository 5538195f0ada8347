using Broker.ObjectStore.Buffers;

namespace Broker.Actors.Connections;

/// <summary>A whole request as it came off the socket, without its size prefix. The receiver owns the frame.</summary>
internal sealed record FrameReceived(BufferLease Frame);

/// <summary>The answer of the request whose turn it was is written, or never will be.</summary>
internal sealed record TurnEnded(long RequestKey);

/// <summary>Time to see whether requests have waited for too long.</summary>
internal sealed record DeadlineCheck
{
    public static readonly DeadlineCheck Instance = new();
}

/// <summary>The socket is gone or being closed; nothing more can be answered.</summary>
internal sealed record SocketClosed;

/// <summary>The answer of a request that was handed to another actor as a task.</summary>
internal sealed record AnswerReady(RequestExchange Exchange, Wire.IKafkaResponse Response);

/// <summary>A request's task failed. It is a fault of ours: the connection is closed, and the client retries.</summary>
internal sealed record AnswerFailed(RequestExchange Exchange, Exception Cause);

/// <summary>Time to see whether the connection is idle.</summary>
internal sealed record IdleCheck
{
    public static readonly IdleCheck Instance = new();
}
