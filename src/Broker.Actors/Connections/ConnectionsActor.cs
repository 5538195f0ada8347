using Akka.Actor;
using Broker.Actors.Metrics;
using Broker.Actors.Requests;
using Broker.ObjectStore.Buffers;
using Microsoft.Extensions.Logging;

namespace Broker.Actors.Connections;

/// <summary>Asks for a new connection's actor; answered with its reference.</summary>
internal sealed record OpenConnection(ConnectionSettings Connection, HandlerTable Handlers, ILogger Log, TimeProvider Clock);

/// <summary>
/// Parent of the connections' actors. One that breaks is stopped, never restarted: its requests are lost with it, the
/// socket closes, and the client connects anew.
/// </summary>
internal sealed class ConnectionsActor : ReceiveActor
{
    public ConnectionsActor()
    {
        Receive<OpenConnection>(open => Sender.Tell(Context.ActorOf(
            Props.Create(() => new ConnectionActor(open.Connection, open.Handlers, open.Log, open.Clock)))));
    }

    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;
}

/// <summary>What the connections of a node share.</summary>
/// <param name="Connections">The <see cref="ConnectionsActor"/>.</param>
public sealed record ConnectionResources(
    ConnectionLimiter Limiter,
    MemoryBudget Memory,
    BufferPool Buffers,
    IActorRef Connections,
    ILoggerFactory Loggers)
{
    /// <summary>Where requests are counted and timed.</summary>
    public RequestMetrics Requests { get; init; } = new(null);
}
