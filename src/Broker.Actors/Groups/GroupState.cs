namespace Broker.Actors.Groups;

/// <summary>Where a classic group stands. The names are what DescribeGroups and ListGroups show.</summary>
public enum GroupState
{
    /// <summary>No members; perhaps committed offsets.</summary>
    Empty,

    /// <summary>Waits for members to join the next generation.</summary>
    PreparingRebalance,

    /// <summary>Waits for the leader's assignment.</summary>
    CompletingRebalance,

    Stable,

    /// <summary>Gone; a client must look for the group anew.</summary>
    Dead,
}
