using Broker.TestSupport.Processes;

namespace Broker.TestSupport.Brokers;

/// <summary>Our broker, as users run it: <c>dotnet Broker.Node.dll start --override ...</c>.</summary>
/// <param name="overrides">Settings beyond listeners, management listener and data folder, each <c>key=value</c>.</param>
public sealed class NodeBroker(params IReadOnlyList<string> overrides) : BrokerUnderTest("broker")
{
    /// <summary>The node's assembly of the configuration that the running tests were built in.</summary>
    public static string Assembly
    {
        get
        {
            DirectoryInfo framework = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
            string path = Path.Combine(
                RepoRoot.Path, "src", "Broker.Node", "bin", framework.Parent!.Name, framework.Name, "Broker.Node.dll");
            return File.Exists(path) ? path : throw new FileNotFoundException("the broker is not built", path);
        }
    }

    /// <summary>Variables that differ from this process's.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    protected override ChildProcess Launch(TextWriter log) =>
        ChildProcess.Start(Requirement.Tool("dotnet"), Arguments(), Environment, log);

    private IEnumerable<string> Arguments() =>
        new[] { $"listeners=PLAINTEXT://127.0.0.1:{Port}", $"log.dirs={DataFolder}", "management.listener=127.0.0.1:0" }
            .Concat(overrides)
            .SelectMany(setting => new[] { "--override", setting })
            .Prepend("start")
            .Prepend(Assembly);
}
