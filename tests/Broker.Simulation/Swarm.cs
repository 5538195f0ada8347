using Broker.TestSupport.Simulation;

namespace Broker.Simulation;

/// <summary>Of what may happen, each history meets some kinds only, and each history others: among all of them the rare meetings of two would drown ("Swarm Testing", Groce and others, 2012).</summary>
internal static class Swarm
{
    /// <summary>The kinds that this history meets: each with an even chance, one at least.</summary>
    public static T[] Draw<T>(SimulatedWorld world)
        where T : struct, Enum
    {
        T[] all = Enum.GetValues<T>();
        T[] drawn = [.. all.Where(_ => world.Chance(500))];
        return drawn.Length > 0 ? drawn : [all[world.Random.Next(all.Length)]];
    }
}
