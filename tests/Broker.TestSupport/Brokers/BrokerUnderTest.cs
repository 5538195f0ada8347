using Broker.TestSupport.Processes;

namespace Broker.TestSupport.Brokers;

/// <summary>
/// A broker as a real process on a fixed port and data folder, which can be stopped, killed and started again.
/// </summary>
public abstract class BrokerUnderTest : IAsyncDisposable
{
    /// <summary>Ours starts in about a second and Apache Kafka in five; the rest is for a machine that is busy.</summary>
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder;
    private StreamWriter? _log;
    private ChildProcess? _process;

    protected BrokerUnderTest(string name)
    {
        _folder = new TempFolder(name);
        Port = FreePort.Take();
    }

    public int Port { get; }

    /// <summary>What clients take as bootstrap servers.</summary>
    public string Bootstrap => $"127.0.0.1:{Port}";

    /// <summary>What the broker stores, on a real disk.</summary>
    public string DataFolder => Path.Combine(_folder.Path, "data");

    /// <summary>Where the broker's output of all its starts is kept.</summary>
    public string LogFile => Path.Combine(_folder.Path, "broker.log");

    public int ProcessId => Running.Id;

    /// <summary>The exit code of a graceful stop by SIGTERM.</summary>
    public virtual int GracefulExitCode => 0;

    /// <summary>A folder for what a broker needs beside its data.</summary>
    protected string Folder => _folder.Path;

    private ChildProcess Running => _process ?? throw new InvalidOperationException("the broker is not running");

    /// <summary>What the process has written to standard output since its last start.</summary>
    public IReadOnlyList<string> Output => Running.Output;

    /// <summary>What the process has written to standard error since its last start.</summary>
    public IReadOnlyList<string> Errors => Running.Errors;

    /// <summary>Starts the process on the port and data it had before, and returns when it serves.</summary>
    public async Task StartAsync()
    {
        await LaunchAsync();
        await WaitUntilReadyAsync();
    }

    /// <summary>Starts the process, and does not wait for it.</summary>
    public async Task LaunchAsync()
    {
        if (_process is not null)
        {
            throw new InvalidOperationException("the broker is running");
        }

        Directory.CreateDirectory(DataFolder);
        _log ??= new StreamWriter(LogFile, append: true);
        await PrepareAsync();
        _process = Launch(_log);
    }

    /// <summary>Returns when the process, once launched, serves.</summary>
    public async Task WaitUntilReadyAsync()
    {
        try
        {
            await ReadinessProbe.WaitAsync(Port, StartDeadline, () => Running.HasExited);
        }
        catch (TimeoutException notReady)
        {
            throw new InvalidOperationException($"the broker did not start: {notReady.Message}\n{Running.OutputTail()}", notReady);
        }
    }

    /// <summary>Waits until a line of its output contains that.</summary>
    /// <exception cref="TimeoutException">None did in time, or the process ended.</exception>
    public Task WaitForOutputAsync(string text, TimeSpan deadline) =>
        Running.WaitUntilAsync(process => process.Output.Any(line => line.Contains(text, StringComparison.Ordinal)), $"'{text}'", deadline);

    /// <summary>Waits until a line of its standard error contains that.</summary>
    /// <exception cref="TimeoutException">None did in time.</exception>
    public Task WaitForErrorAsync(string text, TimeSpan deadline) =>
        Running.WaitUntilAsync(process => process.Errors.Any(line => line.Contains(text, StringComparison.Ordinal)), $"'{text}'", deadline);

    /// <summary>Kills the process with SIGKILL and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        Running.Signal(Signal.Kill);
        await Running.WaitForExitAsync(TimeSpan.FromSeconds(30));
        await ReleaseAsync();
    }

    /// <summary>Stops the process with SIGTERM; returns its exit code.</summary>
    /// <exception cref="TimeoutException">It still runs after <paramref name="deadline"/>.</exception>
    public async Task<int> StopAsync(TimeSpan deadline)
    {
        Running.Signal(Signal.Terminate);
        int exitCode = await Running.WaitForExitAsync(deadline);
        await ReleaseAsync();
        return exitCode;
    }

    /// <summary>Has the process stand still, as if its machine hung.</summary>
    public void Freeze() => Running.Signal(Signal.Stop);

    /// <summary>Has a frozen process go on.</summary>
    public void Thaw() => Running.Signal(Signal.Continue);

    /// <summary>Waits until the process ends by itself; returns its exit code.</summary>
    /// <exception cref="TimeoutException">It still runs after <paramref name="deadline"/>.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan deadline)
    {
        int exitCode = await Running.WaitForExitAsync(deadline);
        await ReleaseAsync();
        return exitCode;
    }

    /// <summary>Fails, showing the broker's output, where the process has ended by itself.</summary>
    public void MustBeRunning() =>
        Assert.False(Running.HasExited, $"the broker ended by itself; {LogFile} ends with:\n{Running.OutputTail()}");

    public async ValueTask DisposeAsync()
    {
        await ReleaseAsync();
        if (_log is not null)
        {
            await _log.DisposeAsync();
        }

        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Work before a start, such as formatting the data folder.</summary>
    protected virtual Task PrepareAsync() => Task.CompletedTask;

    /// <summary>Starts the process with its output going to <paramref name="log"/> too.</summary>
    protected abstract ChildProcess Launch(TextWriter log);

    private async Task ReleaseAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
            _process = null;
        }
    }
}
