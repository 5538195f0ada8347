using Broker.Chaos.Faults;

namespace Broker.Chaos.Runs;

/// <summary>How long a partition may acknowledge nothing because of faults: what a user may rely on, with room for a machine that runs brokers, store and clients on two cores.</summary>
public static class GapBound
{
    /// <summary>Others take over in three seconds; clients leave a broker that does not answer after five, and a new leader may be replaced in turn.</summary>
    private static readonly TimeSpan TakeOver = TimeSpan.FromSeconds(20);

    /// <summary>A start, in which the bucket is asked for fifteen seconds whether others live, and its reading of all that was not uploaded.</summary>
    private static readonly TimeSpan ColdStart = TimeSpan.FromSeconds(40);

    /// <summary>What is not asked a second time, a large write, a listing, stands until its time is up, and then perhaps once more; acknowledgements wait for none of these.</summary>
    private static readonly TimeSpan Stalls = TimeSpan.FromSeconds(10);

    /// <summary>Faults that happen at the same time may add up.</summary>
    /// <param name="round">The faults.</param>
    /// <param name="isLogOnDisk">Whether brokers have their logs on disks: as long as a process has its own open, nobody else can take it over.</param>
    /// <param name="isWhole">Whether all nodes are there when it begins. Else one that takes another away may leave no majority, and those that are left begin anew.</param>
    public static TimeSpan Of(IReadOnlyList<PlannedFault> round, bool isLogOnDisk = false, bool isWhole = true) =>
        TimeSpan.FromSeconds(round.Sum(fault => Of(fault, isLogOnDisk).TotalSeconds)) + (isWhole || round.All(fault => LeavesAllThere(fault.Kind)) ? TimeSpan.Zero : ColdStart);

    private static bool LeavesAllThere(FaultKind kind) =>
        kind is FaultKind.StoreSlow or FaultKind.StoreStalls or FaultKind.StoreFailing or FaultKind.StoreDown or FaultKind.ClientsCut or FaultKind.ClockJump or FaultKind.AddNode;

    private static TimeSpan Of(PlannedFault fault, bool isLogOnDisk) => fault.Kind switch
    {
        FaultKind.FreezeLong or FaultKind.CutOff or FaultKind.StoreCut or FaultKind.StoreCutLong when isLogOnDisk => fault.Length + TakeOver,

        // Others cannot make up for it as long as it lasts.
        FaultKind.StoreDown or FaultKind.ClientsCut => fault.Length + TakeOver,
        FaultKind.KillSeveral => fault.Length + ColdStart,
        FaultKind.StoreStalls => Stalls,
        _ => TakeOver,
    };
}
