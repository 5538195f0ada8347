namespace Broker.Chaos.Faults;

/// <summary>What can befall a cluster.</summary>
public enum FaultKind
{
    /// <summary>One node is killed (SIGKILL), and started again after a while.</summary>
    KillOne,

    /// <summary>Two nodes or more are killed at once, perhaps all.</summary>
    KillSeveral,

    /// <summary>A node stands still for less than the others wait (SIGSTOP).</summary>
    FreezeShortly,

    /// <summary>A node stands still for so long that others take over, and then goes on.</summary>
    FreezeLong,

    /// <summary>A node is stopped by SIGTERM, and started again after a while.</summary>
    Stop,

    /// <summary>All nodes are stopped and started again, one after the other.</summary>
    RollingRestart,

    /// <summary>A node and the others do not reach each other; clients and the store reach all.</summary>
    Isolate,

    /// <summary>The same, for so long that the node is taken out, starts anew, and wants to get in again.</summary>
    IsolateLong,

    /// <summary>Two nodes do not reach each other.</summary>
    CutLink,

    /// <summary>What one node sends to the others is lost; the other way is open.</summary>
    CutOneWay,

    /// <summary>A node reaches neither the others, nor clients, nor the store.</summary>
    CutOff,

    /// <summary>What a node sends to clients is lost; the others and the store reach it, so that it goes on: what it appends clients send again, and again.</summary>
    ClientsCut,

    /// <summary>A node does not reach the store.</summary>
    StoreCut,

    /// <summary>The same, for so long that others take over from it.</summary>
    StoreCutLong,

    /// <summary>No node reaches the store.</summary>
    StoreDown,

    /// <summary>The store is slow for all.</summary>
    StoreSlow,

    /// <summary>The store serves all, but lets some requests stand for seconds.</summary>
    StoreStalls,

    /// <summary>Some requests to the store fail, some after they were done.</summary>
    StoreFailing,

    /// <summary>A node's wall clock jumps, and back.</summary>
    ClockJump,

    /// <summary>Another node joins, gets its share, and is stopped or killed.</summary>
    AddNode,
}

/// <summary>A fault, drawn before it happens: the same seed gives the same ones.</summary>
/// <param name="Kind">What.</param>
/// <param name="Nodes">Whom it befalls, in this order; at least one.</param>
/// <param name="Length">For how long.</param>
/// <param name="Quiet">How long nothing happens when all goes on again.</param>
/// <param name="Seed">For what it draws while it lasts.</param>
/// <param name="ClockAhead">By how much a clock jumps.</param>
public sealed record PlannedFault(FaultKind Kind, IReadOnlyList<int> Nodes, TimeSpan Length, TimeSpan Quiet, int Seed, TimeSpan ClockAhead)
{
    public override string ToString() =>
        $"{Kind} of node {string.Join(", ", Nodes)} for {Length.TotalSeconds:F1} s{(Kind == FaultKind.ClockJump ? $", by {ClockAhead.TotalSeconds:F0} s" : "")}";
}
