using System.Globalization;
using System.Net;
using Broker.TestSupport;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Processes;

namespace Broker.Chaos.Nodes;

/// <summary>What a node's process needs.</summary>
/// <param name="Id">Its id, from 1.</param>
/// <param name="Clients">Where it listens for clients.</param>
/// <param name="Enter">What stands before its command.</param>
/// <param name="Settings">Each <c>key=value</c>.</param>
/// <param name="Environment">Variables that differ from this process's.</param>
internal sealed record NodePlan(int Id, IPEndPoint Clients, IReadOnlyList<string> Enter, IReadOnlyList<string> Settings, IReadOnlyDictionary<string, string> Environment);

/// <summary>
/// One broker process. Whatever ends it, but the harness, is a failure, and it stays away: one that others have taken over from joins them again by itself.
/// Faults are injected by one caller at a time.
/// </summary>
internal sealed class ChaosNode : IAsyncDisposable
{
    /// <summary>SIGKILL's, as shells tell it.</summary>
    private const int KilledExitCode = 128 + 9;

    /// <summary>A node hands its partitions over and uploads what it has; its own limit is half of that.</summary>
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(90);

    /// <summary>Longer than any run.</summary>
    private static readonly TimeSpan Forever = TimeSpan.FromDays(7);

    private readonly NodePlan _plan;
    private readonly string _dataFolder;
    private readonly StreamWriter _log;
    private readonly Action<string> _fail;
    private Ending _ending;
    private ChildProcess? _process;
    private Task _supervision = Task.CompletedTask;

    public ChaosNode(NodePlan plan, string folder, Action<string> fail)
    {
        (_plan, _fail) = (plan, fail);
        _dataFolder = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"node-{plan.Id}"));
        _log = new StreamWriter(_dataFolder + ".log", append: true);
    }

    private enum Ending
    {
        None,
        Killed,
        Stopped,
    }

    public int Id => _plan.Id;

    /// <summary>Starts the process, and supervises it until it is killed or stopped.</summary>
    public void Start()
    {
        _ending = Ending.None;
        _supervision = SuperviseAsync(Launch());
    }

    /// <summary>Kills the process, by SIGKILL.</summary>
    public Task KillAsync() => EndAsync(Ending.Killed, Signal.Kill);

    /// <summary>Has the process stop, by SIGTERM.</summary>
    public Task StopAsync() => EndAsync(Ending.Stopped, Signal.Terminate);

    /// <summary>Has the process stand still.</summary>
    public void Freeze() => _process?.Signal(Signal.Stop);

    /// <summary>Has the process go on.</summary>
    public void Thaw() => _process?.Signal(Signal.Continue);

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        await _supervision;
        await _log.DisposeAsync();
    }

    private async Task EndAsync(Ending ending, Signal signal)
    {
        _ending = ending;
        _process?.Signal(signal);
        try
        {
            await _supervision.WaitAsync(StopDeadline);
        }
        catch (TimeoutException)
        {
            _fail($"node {Id} does not end within {StopDeadline} after {signal}");
            _process?.Signal(Signal.Kill);
            await _supervision;
        }
    }

    private async Task SuperviseAsync(ChildProcess process)
    {
        int exitCode = await process.WaitForExitAsync(Forever);
        string tail = process.OutputTail(15);
        _process = null;
        await process.DisposeAsync();
        bool isExpected = _ending switch
        {
            Ending.Killed => exitCode == KilledExitCode,
            Ending.Stopped => exitCode is 0 or KilledExitCode,
            _ => false,
        };
        if (!isExpected)
        {
            _fail($"node {Id} ended with exit code {exitCode} ({(_ending == Ending.None ? "by itself" : _ending)}):\n{tail}");
        }
    }

    private ChildProcess Launch()
    {
        Directory.CreateDirectory(_dataFolder);
        string[] command =
        [
            .. _plan.Enter, Requirement.Tool("dotnet"), NodeBroker.Assembly, "start",
            .. _plan.Settings
                .Prepend($"log.dirs={_dataFolder}")
                .Prepend($"listeners=PLAINTEXT://{_plan.Clients}")
                .SelectMany(setting => new[] { "--override", setting }),
        ];
        _process = ChildProcess.Start(command[0], command[1..], _plan.Environment, _log);
        return _process;
    }
}
