using Akka.Actor;
using Akka.Configuration;

namespace Akka.Remote;

/// <summary>Makes the failure detectors that settings name.</summary>
public static class FailureDetectorLoader
{
    /// <param name="fqcn">A type with a constructor that takes <see cref="Config"/> and <see cref="Akka.Event.EventStream"/>.</param>
    /// <param name="config">Its settings.</param>
    /// <param name="system">Whose event stream it is given.</param>
    /// <exception cref="ConfigurationException">There is no such type.</exception>
    public static FailureDetector Load(string fqcn, Config config, ActorSystem system)
    {
        Type type = Type.GetType(fqcn) ?? throw new ConfigurationException($"There is no failure detector '{fqcn}'.");
        return (FailureDetector)Activator.CreateInstance(type, config, system.EventStream)!;
    }

    public static FailureDetector LoadFailureDetector(this IActorContext context, string fqcn, Config config) =>
        Load(fqcn, config, context.System);
}
