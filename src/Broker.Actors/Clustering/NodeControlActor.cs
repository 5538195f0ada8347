using Akka.Actor;
using Broker.ObjectStore;

namespace Broker.Actors.Clustering;

/// <summary>Does on this node what an operator has asked another one for.</summary>
internal sealed class NodeControlActor : ReceiveActor
{
    /// <summary>Its name, below <c>/user</c>.</summary>
    public const string Name = "node-control";

    /// <param name="node">This node.</param>
    /// <param name="stop">Ends this node's process in good order; returns at once.</param>
    public NodeControlActor(NodeId node, Action stop) => Receive<LeaveInOrder>(_ =>
    {
        Sender.Tell(new LeavesInOrder(node));
        stop();
    });
}

/// <summary>The node is to have what it leads led by others, and to end. Answered with <see cref="LeavesInOrder"/> before it does.</summary>
internal sealed record LeaveInOrder
{
    public static readonly LeaveInOrder Instance = new();
}

/// <summary>The node has begun to leave.</summary>
internal sealed record LeavesInOrder(NodeId Node);
