using Amazon.Runtime;
using Amazon.S3;
using Broker.ObjectStore.S3;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Processes;

namespace Broker.TestSupport.S3;

/// <summary>
/// A real S3 server for the tests of one assembly: Ceph's gateway with its data in memory, by <c>scripts/ceph.sh</c>. Started by the first test that asks, shared by all,
/// ended when the test process ends. Its credentials are in this process's environment, where the SDK's default chain finds them.
/// </summary>
public sealed class CephGateway
{
    /// <summary>Ceph starts in two seconds; a busy machine with two cores may take many times that.</summary>
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(3);

    private static readonly SemaphoreSlim Starting = new(1);
    private static CephGateway? _shared;
    private static int _buckets;

    private readonly string[] _ports;

    private CephGateway(string folder, Uri endpoint, string[] ports)
    {
        Folder = folder;
        Endpoint = endpoint;
        _ports = ports;
    }

    /// <summary>The daemons' files and logs.</summary>
    public string Folder { get; }

    /// <summary>The gateway's address, on loopback.</summary>
    public Uri Endpoint { get; }

    /// <summary>The one of this process. Skips the test (or fails it, where tools are required) when Ceph is not installed.</summary>
    public static async Task<CephGateway> SharedAsync()
    {
        RequireTools();
        await Starting.WaitAsync();
        try
        {
            return _shared ??= await StartAsync("");
        }
        finally
        {
            Starting.Release();
        }
    }

    /// <summary>One of the caller's own, which it may kill, stop and start again. It ends with the process, too.</summary>
    /// <param name="name">Tells it from the others of this process.</param>
    public static async Task<CephGateway> StartOwnAsync(string name)
    {
        RequireTools();
        await Starting.WaitAsync();
        try
        {
            return await StartAsync($"-{name}");
        }
        finally
        {
            Starting.Release();
        }
    }

    /// <summary>Starts those of its daemons again that have died.</summary>
    public async Task RestartAsync() => await LaunchAsync(Folder, _ports);

    /// <summary>Ends its daemons. For one of the caller's own.</summary>
    public async Task StopAsync() => (await ToolRun.RunAsync(Script, ["stop", Folder], deadline: StartDeadline)).MustSucceed();

    /// <summary>Sends a signal to a daemon: "gateway", "osd" or "mon".</summary>
    public async Task SignalAsync(string daemon, Signal signal) => UnixSignals.Send(await PidOfAsync(daemon), signal);

    /// <summary>An empty bucket of its own for a test, as options of a store in it.</summary>
    public async Task<S3ObjectStoreOptions> NewBucketAsync()
    {
        string name = $"test-{Environment.ProcessId}-{Interlocked.Increment(ref _buckets)}";
        using AmazonS3Client client = new(
            new EnvironmentVariablesAWSCredentials(),
            new AmazonS3Config { ServiceURL = Endpoint.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
        await client.PutBucketAsync(name);
        return new S3ObjectStoreOptions(name) { Endpoint = Endpoint, UsePathStyle = true };
    }

    /// <summary>The process id of a daemon: "gateway", "osd" or "mon".</summary>
    public async Task<int> PidOfAsync(string daemon)
        => int.Parse((await ToolRun.RunAsync(Script, ["pid", Folder, daemon])).MustSucceed().Text, System.Globalization.CultureInfo.InvariantCulture);

    private static string Script => Path.Combine(RepoRoot.Path, "scripts", "ceph.sh");

    private static void RequireTools()
    {
        foreach (string tool in new[] { "ceph", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph-authtool", "monmaptool", "curl" })
        {
            Requirement.Tool(tool);
        }
    }

    private static async Task<CephGateway> StartAsync(string suffix)
    {
        // Not a TempFolder: the script removes it when this process is gone, however it went.
        string folder = Path.Combine(RepoRoot.Path, "artifacts", "runs", $"ceph-{Environment.ProcessId}{suffix}");
        string[] ports = [$"{FreePort.Take()}", $"{FreePort.Take()}"];
        Dictionary<string, string> printed = await LaunchAsync(folder, ports);
        foreach (string variable in new[] { "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY" })
        {
            Environment.SetEnvironmentVariable(variable, printed[variable]);
        }

        return new CephGateway(folder, new Uri(printed["S3_ENDPOINT"]), ports);
    }

    private static async Task<Dictionary<string, string>> LaunchAsync(string folder, string[] ports)
    {
        Dictionary<string, string> environment = new() { ["CEPH_OWNER"] = $"{Environment.ProcessId}" };
        ToolRun run = (await ToolRun.RunAsync(Script, ["start", folder, .. ports], environment: environment, deadline: StartDeadline)).MustSucceed();
        return run.Output.Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
    }
}
