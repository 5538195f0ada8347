using System.CommandLine;

namespace Broker.Node.CommandLine;

/// <summary>The commands of the executable, their arguments and their help.</summary>
internal static class Commands
{
    /// <summary>Parses and runs; without a command it is <c>start</c> with defaults. A command line that cannot be parsed ends like settings that cannot be used.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        Command start = OfNode(
            "start",
            "Runs a broker until SIGTERM or SIGINT. Settings come from akka.hocon (section broker), the file, BROKER_* variables and overrides; later ones win.",
            (settings, _, _) => StartCommand.RunAsync(settings));
        Command check = OfNode(
            "check",
            "Tries every operation that the broker needs on the configured object store, under keys of its own, and says what works and how long it takes.",
            (settings, _, ct) => StoreCheckCommand.RunAsync(settings.Options, ct));
        StoreCostCommand costs = new();
        Command cost = OfNode(
            "cost",
            "Asks the running node what it has asked of its object store, and prints requests, bytes and dollars, at the prices given.",
            (settings, parsed, ct) => costs.RunAsync(settings.Options, parsed, ct));
        costs.AddTo(cost);
        StoreVerifyCommand verification = new();
        Command verify = OfNode(
            "verify",
            "Reads everything that the metadata refer to, and says what is missing or damaged. Changes nothing; may run beside a broker.",
            (settings, parsed, ct) => verification.RunAsync(settings.Options, parsed, ct));
        verification.AddTo(verify);
        RootCommand root = new("A Kafka-compatible broker whose log lives in an object store.")
        {
            start,
            new Command("store", "What concerns the object store.") { check, cost, verify },
        };
        root.SetAction((_, ct) => RunAsync(null, [], (settings, _) => StartCommand.RunAsync(settings), ct));
        ParseResult parsed = root.Parse(arguments);
        int exitCode = await parsed.InvokeAsync();
        return parsed.Errors.Count > 0 ? ExitCodes.BadSettings : exitCode;
    }

    /// <summary>A command about the node that the settings describe, which all such commands take alike.</summary>
    private static Command OfNode(string name, string description, Func<NodeSettings, ParseResult, CancellationToken, Task<int>> run)
    {
        Argument<string?> properties = new("server.properties")
        {
            Description = "A Kafka node's settings file.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        properties.Validators.Add(given =>
        {
            // The parser takes an option that it does not know for the argument's value.
            if (given.Tokens is [{ Value: ['-', ..] option }])
            {
                given.AddError($"there is no option '{option}'");
            }
        });
        Option<string[]> overrides = new("--override")
        {
            Description = "One setting, key=value, that wins over every other source. May be repeated.",
            HelpName = "key=value",
            Arity = ArgumentArity.OneOrMore,
        };
        Command command = new(name, description) { properties, overrides };
        command.SetAction((parsed, ct) => RunAsync(parsed.GetValue(properties), parsed.GetValue(overrides) ?? [], (settings, stop) => run(settings, parsed, stop), ct));
        return command;
    }

    private static async Task<int> RunAsync(
        string? propertiesPath, IReadOnlyList<string> overrides, Func<NodeSettings, CancellationToken, Task<int>> run, CancellationToken ct) =>
        await NodeSettings.TryReadAsync(propertiesPath, overrides) is { } settings ? await run(settings, ct) : ExitCodes.BadSettings;
}
