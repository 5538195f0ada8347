using Akka.Configuration;
using Broker.Actors.Configuration;
using Broker.Node.Options;

namespace Broker.Node.CommandLine;

/// <summary>The settings of the node that a command is about.</summary>
/// <param name="Hocon">The actor system's: what <c>akka.hocon</c> says, and the other sources above it.</param>
/// <param name="Options">All sources together.</param>
internal sealed record NodeSettings(Config Hocon, BrokerOptions Options)
{
    private const string HoconFile = "akka.hocon";

    /// <summary>Reads all sources; null when they cannot be used, which standard error then says of each.</summary>
    public static async Task<NodeSettings?> TryReadAsync(string? propertiesPath, IReadOnlyList<string> overrides)
    {
        string hoconPath = Path.Combine(AppContext.BaseDirectory, HoconFile);
        try
        {
            Config hocon = ReadHocon(hoconPath);
            (BrokerSettings broker, Config all) = SettingSources.Resolve(hocon, hoconPath, propertiesPath, Environment.GetEnvironmentVariables(), overrides);
            return new NodeSettings(all, BrokerOptions.From(broker));
        }
        catch (SettingsException cause)
        {
            foreach (string problem in cause.Problems)
            {
                await Console.Error.WriteLineAsync($"broker: {problem}");
            }

            return null;
        }
    }

    private static Config ReadHocon(string path)
    {
        try
        {
            return File.Exists(path) ? ConfigurationFactory.ParseString(File.ReadAllText(path)) : ConfigurationFactory.Empty;
        }
        catch (Exception cause) when (cause is ConfigurationException or FormatException or IOException or UnauthorizedAccessException)
        {
            throw new SettingsException([$"'{path}' cannot be read: {cause.Message}"]);
        }
    }
}
