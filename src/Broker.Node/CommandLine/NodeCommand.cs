using System.CommandLine;

namespace Broker.Node.CommandLine;

/// <summary>A command about the node that the settings describe, which all such commands take alike.</summary>
internal static class NodeCommand
{
    /// <param name="particulars">The command's own arguments, in their order, and options.</param>
    /// <param name="run">Gives the exit code.</param>
    public static Command Of(string name, string description, IEnumerable<Symbol> particulars, Func<NodeSettings, ParseResult, CancellationToken, Task<int>> run)
    {
        Argument<string?> properties = new("server.properties")
        {
            Description = "A Kafka node's settings file.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        RefuseOptions(properties);
        Option<string[]> overrides = new("--override")
        {
            Description = "One setting, key=value, that wins over every other source. May be repeated.",
            HelpName = "key=value",
            Arity = ArgumentArity.OneOrMore,
        };
        Command command = new(name, description);
        foreach (Symbol particular in particulars.Append(properties).Append(overrides))
        {
            if (particular is Argument argument)
            {
                command.Arguments.Add(argument);
            }
            else
            {
                command.Options.Add((Option)particular);
            }
        }

        command.SetAction((parsed, ct) => RunAsync(parsed.GetValue(properties), parsed.GetValue(overrides) ?? [], (settings, stop) => run(settings, parsed, stop), ct));
        return command;
    }

    /// <summary>The parser takes an option that it does not know for an argument's value: this refuses it.</summary>
    public static void RefuseOptions(Argument argument) => argument.Validators.Add(given =>
    {
        if (given.Tokens is [{ Value: ['-', ..] option }])
        {
            given.AddError($"there is no option '{option}'");
        }
    });

    /// <summary>Reads the settings and runs; settings that cannot be used end it before.</summary>
    public static async Task<int> RunAsync(
        string? propertiesPath, IReadOnlyList<string> overrides, Func<NodeSettings, CancellationToken, Task<int>> run, CancellationToken ct) =>
        await NodeSettings.TryReadAsync(propertiesPath, overrides) is { } settings ? await run(settings, ct) : ExitCodes.BadSettings;
}
