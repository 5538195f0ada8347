using Broker.Actors;
using Broker.TestSupport.Simulation;

namespace Broker.Simulation.Node;

/// <summary>A run of a broker that clients can reach.</summary>
internal interface IReachable
{
    /// <summary>Counts the runs.</summary>
    int Number { get; }

    SimulatedProcess Process { get; }

    BrokerSystem System { get; }

    Sabotage Sabotage { get; }
}

/// <summary>Whom a client may ask.</summary>
internal interface IBrokers
{
    /// <summary>Whoever has the last word on what the client asks for; null: nobody, or it is not known.</summary>
    IReachable? Newest { get; }

    /// <summary>Whoever has the last word, as soon as there is one.</summary>
    Task<IReachable> NewestServingAsync();

    /// <summary>Whoever may seem to.</summary>
    Task<IReachable> AnyServingAsync();
}
