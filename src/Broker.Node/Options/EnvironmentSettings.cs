using System.Collections;
using System.Text.RegularExpressions;
using Broker.Actors.Configuration;

namespace Broker.Node.Options;

/// <summary>Settings from environment variables: <c>BROKER_LOG_DIRS</c> is <c>log.dirs</c>.</summary>
public static partial class EnvironmentSettings
{
    private const string Prefix = "BROKER_";

    /// <summary>The settings that the given variables hold. Variables that are evidently about something else are passed over.</summary>
    public static IReadOnlyList<GivenSetting> From(IDictionary variables)
    {
        List<GivenSetting> settings = [];
        foreach (DictionaryEntry variable in variables)
        {
            string name = (string)variable.Key;
            if (name.StartsWith(Prefix, StringComparison.Ordinal) && !IsForeign(name))
            {
                string key = name[Prefix.Length..].ToLowerInvariant().Replace('_', '.');
                settings.Add(new GivenSetting(key, (string?)variable.Value ?? "", SettingSource.Environment, $"environment variable {name}"));
            }
        }

        return [.. settings.OrderBy(setting => setting.Name, StringComparer.Ordinal)];
    }

    // Kubernetes tells each pod the addresses of a service called "broker" in variables of this prefix; our tests have theirs.
    private static bool IsForeign(string name) => name.StartsWith("BROKER_TESTS_", StringComparison.Ordinal) || ServiceLink().IsMatch(name);

    [GeneratedRegex("^BROKER_(.*_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$")]
    private static partial Regex ServiceLink();
}
