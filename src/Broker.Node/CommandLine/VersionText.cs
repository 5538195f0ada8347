using System.Reflection;

namespace Broker.Node.CommandLine;

/// <summary>The version of this build.</summary>
internal static class VersionText
{
    /// <summary>The package version, without build metadata.</summary>
    public static string Current { get; } = Assembly.GetExecutingAssembly()
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
