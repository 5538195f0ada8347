namespace Akka.Cluster;

/// <summary>Where a member stands between its coming and its going. A member never goes back.</summary>
public enum MemberStatus
{
    /// <summary>It is known; the leader lets it in when all agree.</summary>
    Joining,

    Up,

    /// <summary>It wants to go; it still works.</summary>
    Leaving,

    /// <summary>All know that it goes; it hands over and ends.</summary>
    Exiting,

    /// <summary>It was decided to be gone, whatever it is in truth.</summary>
    Down,

    Removed,

    /// <summary>Never seen in this implementation: members are let in when all can agree.</summary>
    WeaklyUp,
}
