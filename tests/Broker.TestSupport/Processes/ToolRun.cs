namespace Broker.TestSupport.Processes;

/// <summary>What a tool that ran to its end has left.</summary>
/// <param name="Description">The command line, for messages.</param>
/// <param name="ExitCode">Zero where it succeeded.</param>
/// <param name="Output">Lines of standard output.</param>
/// <param name="Errors">Lines of standard error.</param>
public sealed record ToolRun(string Description, int ExitCode, IReadOnlyList<string> Output, IReadOnlyList<string> Errors)
{
    /// <summary>Standard output as one text.</summary>
    public string Text => string.Join('\n', Output);

    /// <summary>Runs a tool to its end.</summary>
    /// <exception cref="TimeoutException">It did not end in time; it has been killed.</exception>
    public static async Task<ToolRun> RunAsync(
        string file,
        IEnumerable<string> arguments,
        string input = "",
        IReadOnlyDictionary<string, string>? environment = null,
        TimeSpan? deadline = null)
    {
        await using ChildProcess process = ChildProcess.Start(file, arguments, environment);
        Task feeding = process.FeedAsync(input);
        // One minute: ten times what the slowest tool needs on a busy machine with two cores.
        int exitCode = await process.WaitForExitAsync(deadline ?? TimeSpan.FromMinutes(1));
        await feeding;
        return new ToolRun(process.Description, exitCode, process.Output, process.Errors);
    }

    /// <summary>This run, if it succeeded; else fails the test and shows what the tool said.</summary>
    public ToolRun MustSucceed()
    {
        Assert.True(
            ExitCode == 0,
            $"exit code {ExitCode}: {Description}\n{string.Join('\n', Output.TakeLast(20))}\n{string.Join('\n', Errors.TakeLast(40))}");
        return this;
    }
}
