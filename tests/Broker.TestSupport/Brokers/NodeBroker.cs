using Broker.TestSupport.Processes;
using Broker.TestSupport.S3;

namespace Broker.TestSupport.Brokers;

/// <summary>
/// Our broker, as users run it: <c>dotnet Broker.Node.dll start --override ...</c>. Where a test does not say which store and WAL it means, the environment may:
/// <c>BROKER_TESTS_STORE=ceph</c> puts the objects into a bucket of Ceph's gateway, <c>BROKER_TESTS_WAL=bucket</c> the WAL into the store.
/// </summary>
/// <param name="overrides">Settings beyond listeners, management listener and data folder, each <c>key=value</c>.</param>
public sealed class NodeBroker(params IReadOnlyList<string> overrides) : BrokerUnderTest("broker")
{
    private readonly List<string> _chosen = [];

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

    /// <summary>Whatever the environment says: objects in its data folder, and the WAL of its settings. For tests that look for them there.</summary>
    public bool IsInItsFolder { get; init; }

    protected override async Task PrepareAsync()
    {
        if (_chosen.Count > 0 || IsInItsFolder)
        {
            return;
        }

        if (Chosen("BROKER_TESTS_WAL") == "bucket" && !Names("wal."))
        {
            _chosen.Add("wal.kind=bucket");
        }

        if (Chosen("BROKER_TESTS_STORE") == "ceph" && !Names("object.store="))
        {
            ObjectStore.S3.S3ObjectStoreOptions bucket = await (await CephGateway.SharedAsync()).NewBucketAsync();
            _chosen.AddRange([$"object.store=s3://{bucket.Bucket}/cluster", $"s3.endpoint={bucket.Endpoint}", "s3.path.style=true"]);
        }
    }

    protected override ChildProcess Launch(TextWriter log) =>
        ChildProcess.Start(Requirement.Tool("dotnet"), Arguments(), Environment, log);

    private IEnumerable<string> Arguments() =>
        new[] { $"listeners=PLAINTEXT://127.0.0.1:{Port}", $"log.dirs={DataFolder}", "management.listener=127.0.0.1:0" }
            .Concat(_chosen)
            .Concat(overrides)
            .SelectMany(setting => new[] { "--override", setting })
            .Prepend("start")
            .Prepend(Assembly);

    private static string? Chosen(string variable) => System.Environment.GetEnvironmentVariable(variable);

    private bool Names(string prefix) => overrides.Any(setting => setting.StartsWith(prefix, StringComparison.Ordinal));
}
