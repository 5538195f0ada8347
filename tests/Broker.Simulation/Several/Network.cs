using Broker.TestSupport.Simulation;

namespace Broker.Simulation.Several;

/// <summary>Messages between processes: late, in their order on each way, and now and then lost.</summary>
internal sealed class Network(SimulatedWorld world)
{
    private const int MaxTransitMs = 5;

    private readonly Dictionary<(SimulatedProcess, SimulatedProcess), long> _lastArrivals = [];
    private readonly HashSet<(string, string)> _cuts = [];

    /// <summary>Messages of a thousand that are lost.</summary>
    public int LostPerThousand { get; set; }

    /// <summary>Nothing goes from one process to another any more.</summary>
    public void Cut(SimulatedProcess from, SimulatedProcess to) => _cuts.Add((from.Name, to.Name));

    /// <summary>Everything goes again.</summary>
    public void Heal()
    {
        _cuts.Clear();
        LostPerThousand = 0;
    }

    /// <summary>Has the other process do it after a while, unless the message is lost or either is dead by then.</summary>
    public void Send(SimulatedProcess from, SimulatedProcess to, Action deliver)
    {
        if (from.IsDead || to.IsDead || (from != to && (_cuts.Contains((from.Name, to.Name)) || world.Chance(LostPerThousand))))
        {
            return;
        }

        long arrival = Math.Max(_lastArrivals.GetValueOrDefault((from, to)), world.NowTicks + world.Between(0, MaxTransitMs).Ticks);
        _lastArrivals[(from, to)] = arrival;
        to.Call(new TimeSpan(arrival - world.NowTicks), deliver);
    }
}
