using System.CommandLine;
using System.Text.Json;
using Broker.Node.Management;

namespace Broker.Node.CommandLine.Inspection;

/// <summary>
/// A command that asks a running node, and prints its answer: <c>[server.properties] [--override key=value]... [--node HOST:PORT] [--json]</c> beside what it is about. Exit code 0; 1
/// when the node cannot be asked or refuses, which standard error then tells; 2 for a command line or settings that cannot be used.
/// </summary>
internal static class NodeQuestion
{
    /// <summary>A question.</summary>
    /// <typeparam name="T">The answer.</typeparam>
    /// <param name="path">Below the admin endpoint's root.</param>
    /// <param name="show">The answer, for people.</param>
    public static Command Get<T>(string name, string description, string path, Func<T, Sheet> show, params IReadOnlyList<Particular> particulars) =>
        Of(name, description, HttpMethod.Get, path, show, particulars);

    /// <summary>What changes something.</summary>
    /// <inheritdoc cref="Get"/>
    public static Command Post<T>(string name, string description, string path, Func<T, Sheet> show, params IReadOnlyList<Particular> particulars) =>
        Of(name, description, HttpMethod.Post, path, show, particulars);

    private static Command Of<T>(string name, string description, HttpMethod method, string path, Func<T, Sheet> show, IReadOnlyList<Particular> particulars)
    {
        Option<string?> node = new("--node") { Description = "The node to ask, by its management.listener; default: the one that the settings describe.", HelpName = "HOST:PORT" };
        node.Validators.Add(given =>
        {
            if (given.Tokens is [var token] && !ManagementAddress.IsOne(token.Value))
            {
                given.AddError($"--node takes HOST:PORT, not '{token.Value}'");
            }
        });
        Option<bool> json = new("--json") { Description = "Print a JSON document instead of a table." };
        return NodeCommand.Of(name, description, [.. particulars.Select(one => one.Symbol), node, json], async (settings, parsed, ct) =>
        {
            string problem = "";
            if ((parsed.GetValue(node) ?? ManagementAddress.TryFind(settings.Options.Management.Listener, out problem)) is not { } address)
            {
                await Console.Error.WriteLineAsync($"broker: {problem}");
                return ExitCodes.CannotStart;
            }

            try
            {
                T answer = await NodeClient.AskAsync<T>(address, method, path + QueryOf(particulars, parsed), ct);
                await Console.Out.WriteLineAsync(parsed.GetValue(json) ? JsonSerializer.Serialize(answer, ManagementServer.Json) : SheetPrinter.TextOf(show(answer)));
                return ExitCodes.Success;
            }
            catch (NodeSilentException silent)
            {
                await Console.Error.WriteLineAsync($"broker: {silent.Message}");
                return silent.IsBadQuestion ? ExitCodes.BadSettings : ExitCodes.CannotStart;
            }
        });
    }

    private static string QueryOf(IReadOnlyList<Particular> particulars, ParseResult parsed)
    {
        string query = string.Join('&', particulars
            .Select(one => (one.QueryName, Value: one.ValueOf(parsed)))
            .Where(one => one.Value is not null)
            .Select(one => $"{one.QueryName}={Uri.EscapeDataString(one.Value!)}"));
        return query.Length == 0 ? "" : $"?{query}";
    }
}
