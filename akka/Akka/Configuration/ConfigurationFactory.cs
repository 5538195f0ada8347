using Akka.Configuration.Hocon;

namespace Akka.Configuration;

/// <summary>Makes configurations.</summary>
public class ConfigurationFactory
{
    private static readonly Lazy<Config> Reference = new(() => ParseString(ReferenceConfig.Text));

    public static Config Empty => Config.Empty;

    /// <exception cref="FormatException">The text is not HOCON; the message names the line.</exception>
    public static Config ParseString(string hocon) => new(HoconParser.Parse(hocon));

    /// <summary>The settings of the host's own configuration file; there is none, so it is empty.</summary>
    public static Config Load() => Empty;

    /// <summary>The defaults of the actor system.</summary>
    public static Config Default() => Reference.Value;
}
