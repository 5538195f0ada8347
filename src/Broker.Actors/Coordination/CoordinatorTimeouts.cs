namespace Broker.Actors.Coordination;

/// <summary>How long others wait for the coordinator.</summary>
internal static class CoordinatorTimeouts
{
    /// <summary>Below the 30 s that clients give a request by default, so that they get an answer and not a dead connection.</summary>
    public static readonly TimeSpan Command = TimeSpan.FromSeconds(25);
}
