using Broker.TestSupport.Simulation;

namespace Broker.Simulation;

/// <summary>One history, wholly decided by its seed.</summary>
internal interface IScenario
{
    SimulatedWorld World { get; }

    /// <summary>Runs it to its end.</summary>
    /// <exception cref="Model.ViolationException">A promise was broken.</exception>
    ScenarioResult Run();
}
