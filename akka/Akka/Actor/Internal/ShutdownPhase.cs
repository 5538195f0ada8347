using Akka.Configuration;

namespace Akka.Actor;

/// <summary>One phase of coordinated shutdown.</summary>
internal sealed record ShutdownPhase(IReadOnlyList<string> DependsOn, TimeSpan Timeout, bool Recover, bool Enabled)
{
    public static Dictionary<string, ShutdownPhase> FromConfig(Config config)
    {
        TimeSpan defaultTimeout = config.GetTimeSpan("default-phase-timeout");
        Dictionary<string, ShutdownPhase> phases = [];
        foreach (string name in config.GetConfig("phases").Root.GetObject().Items.Keys)
        {
            Config phase = config.GetConfig($"phases.\"{name}\"");
            phases.Add(name, new ShutdownPhase(
                [.. phase.GetStringList("depends-on")],
                phase.GetTimeSpan("timeout", defaultTimeout, allowInfinite: false),
                phase.GetBoolean("recover", true),
                phase.GetBoolean("enabled", true)));
        }

        return phases;
    }

    /// <exception cref="ArgumentException">The phases depend on each other in a circle.</exception>
    public static List<string> TopologicalSort(Dictionary<string, ShutdownPhase> phases)
    {
        List<string> order = [];
        HashSet<string> visiting = [];

        void Visit(string name)
        {
            if (order.Contains(name))
            {
                return;
            }

            if (!visiting.Add(name))
            {
                throw new ArgumentException($"Cycle detected in graph of phases. It must be a DAG. phase [{name}] depends transitively on itself.");
            }

            if (phases.TryGetValue(name, out ShutdownPhase? phase))
            {
                foreach (string dependency in phase.DependsOn)
                {
                    Visit(dependency);
                }

                order.Add(name);
            }

            visiting.Remove(name);
        }

        foreach (string name in phases.Keys)
        {
            Visit(name);
        }

        return order;
    }
}
