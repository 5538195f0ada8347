using System.Diagnostics;
using System.Threading.Channels;

namespace Broker.TestSupport.Processes;

/// <summary>
/// A process that a test started and owns: its output is collected line by line, and disposing it leaves nothing
/// running. Only processes started here are ever signalled, each by its own id.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _outputPump;
    private readonly Task _errorPump;
    private readonly List<string> _output = [];
    private readonly List<string> _errors = [];
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private ChildProcess(Process process, TextWriter? log)
    {
        _process = process;
        TextWriter? sharedLog = log is null ? null : TextWriter.Synchronized(log);
        _outputPump = PumpAsync(process.StandardOutput, _output, sharedLog);
        _errorPump = PumpAsync(process.StandardError, _errors, sharedLog);
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Lines written to standard output so far.</summary>
    public IReadOnlyList<string> Output => Snapshot(_output);

    /// <summary>Lines written to standard error so far.</summary>
    public IReadOnlyList<string> Errors => Snapshot(_errors);

    /// <summary>How many lines standard output has had so far.</summary>
    public int OutputCount
    {
        get
        {
            lock (_output)
            {
                return _output.Count;
            }
        }
    }

    /// <summary>What this process is, for messages.</summary>
    public string Description => $"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)}";

    /// <summary>Starts a process; both its streams also go to <paramref name="log"/>, which stays the caller's.</summary>
    public static ChildProcess Start(
        string file,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        TextWriter? log = null)
    {
        ProcessStartInfo start = new(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new ChildProcess(Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start"), log);
    }

    /// <summary>Writes all of <paramref name="input"/> to standard input and closes it.</summary>
    public async Task FeedAsync(string input)
    {
        try
        {
            await _process.StandardInput.WriteAsync(input);
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The process went away without reading; its exit code and output tell why.
        }
    }

    public void Signal(Signal signal) => UnixSignals.Send(_process.Id, signal);

    /// <summary>The exit code, once both streams are read to their ends.</summary>
    /// <exception cref="TimeoutException">The process still runs after <paramref name="deadline"/>.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan deadline)
    {
        using CancellationTokenSource expiry = new(deadline);
        try
        {
            await _process.WaitForExitAsync(expiry.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"still running after {deadline}: {Description}\n{OutputTail()}");
        }

        await Task.WhenAll(_outputPump, _errorPump);
        return _process.ExitCode;
    }

    /// <summary>Waits until <paramref name="condition"/> holds; it is asked anew for each line of output.</summary>
    /// <exception cref="TimeoutException">It did not come true in time, or the process ended before it did.</exception>
    public async Task WaitUntilAsync(Func<ChildProcess, bool> condition, string what, TimeSpan deadline)
    {
        using CancellationTokenSource expiry = new(deadline);
        try
        {
            while (!condition(this))
            {
                if (_outputPump.IsCompleted && _errorPump.IsCompleted && !condition(this))
                {
                    throw new TimeoutException($"ended before {what}: {Description}\n{OutputTail()}");
                }

                await _changes.Reader.ReadAsync(expiry.Token);
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"no {what} within {deadline}: {Description}\n{OutputTail()}");
        }
    }

    /// <summary>The last lines of both streams, for messages.</summary>
    public string OutputTail(int lines = 40) =>
        string.Join('\n', Output.TakeLast(lines).Select(line => line.Length > 500 ? line[..500] + "..." : line)
            .Append("--- standard error:").Concat(Errors.TakeLast(lines)));

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        await Task.WhenAll(_outputPump, _errorPump);
        _process.Dispose();
    }

    private static List<string> Snapshot(List<string> lines)
    {
        lock (lines)
        {
            return [.. lines];
        }
    }

    private async Task PumpAsync(StreamReader reader, List<string> lines, TextWriter? log)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (lines)
            {
                lines.Add(line);
            }

            log?.WriteLine(line);
            log?.Flush();
            _changes.Writer.TryWrite(true);
        }

        _changes.Writer.TryWrite(true);
    }
}
