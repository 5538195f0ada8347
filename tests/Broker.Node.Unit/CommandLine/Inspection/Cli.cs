using System.Text.Json;
using Broker.TestSupport;
using Broker.TestSupport.Brokers;
using Broker.TestSupport.Processes;

namespace Broker.Node.Unit.CommandLine.Inspection;

/// <summary>The executable, as an operator runs it on a node that runs.</summary>
internal static class Cli
{
    public const int Refused = 1;
    public const int BadCommandLine = 2;

    /// <param name="management">The node's management address.</param>
    /// <param name="command">What to run, without the node.</param>
    public static Task<ToolRun> RunAsync(string management, params string[] command) =>
        ToolRun.RunAsync(Requirement.Tool("dotnet"), [NodeBroker.Assembly, .. command, "--node", management]);

    /// <summary>Runs it with <c>--json</c>; it must succeed.</summary>
    public static async Task<JsonElement> JsonAsync(string management, params string[] command)
    {
        using JsonDocument document = JsonDocument.Parse((await RunAsync(management, [.. command, "--json"])).MustSucceed().Text);
        return document.RootElement.Clone();
    }

    /// <summary>Runs it; it must end with 1, nothing on standard output and one line on standard error, which is returned.</summary>
    public static Task<string> RefusedAsync(string management, params string[] command) => FailedAsync(Refused, management, command);

    /// <summary>The same with 2: the command line cannot be used, whatever the node.</summary>
    public static Task<string> MisusedAsync(string management, params string[] command) => FailedAsync(BadCommandLine, management, command);

    private static async Task<string> FailedAsync(int exitCode, string management, string[] command)
    {
        ToolRun run = await RunAsync(management, command);
        Assert.Equal((exitCode, ""), (run.ExitCode, run.Text));
        string error = Assert.Single(run.Errors);
        Assert.StartsWith("broker: ", error, StringComparison.Ordinal);
        return error;
    }
}
