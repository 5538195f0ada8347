using Broker.TestSupport.Processes;

namespace Broker.TestSupport.Brokers;

/// <summary>
/// Apache Kafka's own Java tools: <c>KAFKA_TOOLS</c> names a folder whose program <c>kafka</c> runs the tool that its
/// first argument names. A test that needs them skips where the variable is not set.
/// </summary>
public static class KafkaTools
{
    /// <summary>The program that runs a tool by name.</summary>
    public static string Launcher
    {
        get
        {
            string launcher = Path.Combine(Requirement.OptionalFolder("KAFKA_TOOLS"), "kafka");
            Requirement.Need(File.Exists(launcher), $"KAFKA_TOOLS holds no program 'kafka': {launcher}");
            Requirement.Tool("java");
            return launcher;
        }
    }

    /// <summary>Runs one tool to its end.</summary>
    public static Task<ToolRun> RunAsync(string tool, IEnumerable<string> arguments, string input = "") =>
        ToolRun.RunAsync(Launcher, arguments.Prepend(tool), input, JvmSettings);

    /// <summary>A tool's JVM lives for seconds: little heap and the quick compiler only make it start faster.</summary>
    private static readonly Dictionary<string, string> JvmSettings = new()
    {
        ["KAFKA_HEAP_OPTS"] = "-Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    };
}
